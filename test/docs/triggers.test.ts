/** The workflows of docs/triggers.md are started as the page says. */
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { openLockstitch, type WorkflowDefinition } from "../../src/lockstitch.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

test("the page's workflows are fired, emitted to and called", async () => {
  const page = await readFile(new URL("../../docs/triggers.md", import.meta.url), "utf8");
  const flows = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    ([, yaml = ""]) => parse(yaml) as WorkflowDefinition,
  );
  expect(flows.map(({ name }) => name)).toEqual(["reports", "receipts", "intake"]);
  await using directory = await temporaryDirectory();
  process.env["LOCKSTITCH_SECRET_SHOP_KEY"] = "0123456789abcdef";
  const l = await openLockstitch({
    ...{ data: join(directory.path, "data"), workflows: flows, log: "error" },
  });
  try {
    const { engine, context } = l;
    const { triggers } = engine;
    const ended = (runId: string) => engine.wait(context, runId, 10_000);
    const { items } = await triggers.list(context, { kind: "schedule", limit: 10 });
    expect(items.map(({ id }) => id)).toEqual(["christmas", "heartbeat", "nightly"]);
    const [dst] = await triggers.preview(
      ...([context, { workflow: "reports", id: "nightly" }, 1] as const),
      Date.parse("2026-03-28T12:00:00Z"),
    );
    expect(dst?.local).toBe("2026-03-29T03:00:00+02:00");
    const fired = await triggers.fire(context, { workflow: "reports", id: "nightly" });
    expect(await ended(fired.runId)).toMatchObject({ status: "succeeded" });

    const paid = { name: "order.paid", data: { order: "o-1", total: 120 }, id: "e-1" };
    const { runs } = await triggers.emit(context, paid);
    expect(runs).toMatchObject([{ workflow: "receipts", created: true }]);
    const [first] = runs;
    expect(await ended(first?.runId ?? "")).toMatchObject({
      ...{ status: "succeeded", output: "o-1", input: { order: "o-1", total: 120 } },
      trigger: { kind: "event", id: "event", event: "order.paid", eventId: "e-1" },
    });
    expect((await triggers.emit(context, paid)).runs).toEqual([{ ...first, created: false }]);
    const small = { ...paid, data: { order: "o-2", total: 20 }, id: "e-2" };
    expect(await triggers.emit(context, small)).toEqual({ id: "e-2", runs: [], failed: [] });
    const odd = await triggers.emit(context, { ...paid, data: {}, id: "e-9" });
    expect(odd).toMatchObject({ runs: [], failed: [{ workflow: "receipts", id: "event" }] });
    const [mark] = await triggers.marks(context, { workflow: "receipts", id: "event" }, 1);
    expect(mark).toMatchObject({ kind: "failed", reason: odd.failed[0]?.reason });

    const body = Buffer.from('{"order":"o-3"}');
    const stamp = String(Math.floor(Date.now() / 1_000));
    const hmac = createHmac("sha256", "0123456789abcdef").update(`${stamp}.`).update(body);
    const headers = {
      "content-type": "application/json",
      "x-shop-time": stamp,
      "x-shop-signature": `sha256=${hmac.digest("hex")}`,
    };
    const request = { method: "POST", path: "orders/new", headers, query: {}, isKnown: false };
    const called = await triggers.receive(context, { ...request, body });
    expect(await ended(called.runId)).toMatchObject({
      ...{ status: "succeeded", output: "o-3", input: { order: "o-3", from: "unknown" } },
    });
    const forged = { ...request, body: Buffer.from('{"order":"o-4"}') };
    await expect(triggers.receive(context, forged)).rejects.toMatchObject({ code: "unauthorized" });
  } finally {
    await l.close();
    delete process.env["LOCKSTITCH_SECRET_SHOP_KEY"];
  }
});
