/** The examples of examples/, run as they stand by the real program. */
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { lockstitch, startLockstitch } from "../cli/lockstitch-process.ts";
import { canSeal } from "../plugins/plugin-fixture.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const example = (path: string): string => resolve("examples", path);

async function outputOf(path: string, cwd: string): Promise<unknown> {
  const { code, stdout, stderr } = await lockstitch(["run", example(path), "--json"], { cwd });
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout).output;
}

test.concurrent("fan-out: a thousand items, each an attempt", async () => {
  await using directory = await temporaryDirectory();
  expect(await outputOf("fan-out/fan-out.workflow.yaml", directory.path)).toEqual({
    items: 1_000,
    sum: (1_000 * 1_001 * 2_001) / 6,
  });
});

test.concurrent("sub-workflows: the file beside it is saved too, children are runs of their own", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  expect(await outputOf("sub-workflows/order.workflow.yaml", cwd)).toEqual({
    total: 4.5 * 2 + 1.25 * 12 * 0.9 + 30,
  });
  const { stdout } = await lockstitch(["runs", "list", "--workflow", "price", "--json"], { cwd });
  expect(JSON.parse(stdout).items).toHaveLength(3);
});

test.concurrent("trip: a payment that fails gives every booking back, the last one first", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const file = example("trip/trip.workflow.yaml");
  const { code, stdout } = await lockstitch(["run", file, "--json", "--all-steps"], { cwd });
  expect(code).not.toBe(0);
  const { error, steps } = JSON.parse(stdout);
  expect(error.code).toBe("user.declined");
  const undone = Object.entries<{ output: unknown }>(steps).filter(([path]) =>
    path.startsWith("book.compensate"),
  );
  expect(undone.map(([, { output }]) => output)).toEqual([
    "night 2 cancelled",
    "night 1 cancelled",
    "ticket LS-42 given back (succeeded)",
  ]);
  const paid = await lockstitch(["run", file, "--json", "--input", '{"limit": 1000}'], { cwd });
  expect(JSON.parse(paid.stdout).output).toEqual({ paid: 600 });
});

test.skipIf(!canSeal)(
  "plugin: sealed processes, a granted folder, and more is refused",
  async () => {
    await using directory = await temporaryDirectory();
    const cwd = example("plugin");
    const data = ["--data", join(directory.path, "data")];
    const env = { WEATHER_STATIONS: example("plugin/stations") };
    const workflow = example("plugin/weather.workflow.yaml");
    const ran = await lockstitch(["run", workflow, "--json", ...data], { cwd, env });
    expect(ran.code, ran.stderr).toBe(0);
    expect(JSON.parse(ran.stdout).output).toBe("Harbour: up to 11 degrees");

    const unknown = ["--input", '{"station": "oslo"}'];
    const failed = await lockstitch(["run", workflow, "--json", ...unknown, ...data], { cwd, env });
    expect(JSON.parse(failed.stdout).error.code).toBe("user.station_unknown");

    const listed = await lockstitch(["plugin", "list", "--json", ...data], { cwd, env });
    expect(JSON.parse(listed.stdout).items).toMatchObject([
      {
        name: "weather",
        sealed: true,
        refusal: null,
        types: ["weather.station", "weather.report"],
      },
    ]);
    const bare = ["--plugin", example("plugin/weather"), "--data", join(directory.path, "other")];
    const refused = await lockstitch(["validate", workflow, ...bare], { cwd: directory.path });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("asks for what is not granted: read ");
  },
);

test.concurrent("signals: the run sends itself the signal that it waits for", async () => {
  await using directory = await temporaryDirectory();
  expect(await outputOf("signals/signals.workflow.yaml", directory.path)).toBe(
    "Order 4711 handed to Robin.",
  );
});

test.concurrent("signals: or somebody else sends it", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const file = example("signals/signals.workflow.yaml");
  await using run = startLockstitch(["run", file, "--input", '{"rehearse": false}'], { cwd });
  const [, runId = ""] = await run.seen(/runs signal (run_\w+) courier\.arrived --key 4711/);
  const payload = ["--key", "4711", "--payload", '{"name": "Kim"}'];
  await lockstitch(["runs", "signal", runId, "courier.arrived", ...payload], { cwd });
  expect(await run.ended()).toMatchObject({ code: 0, stdout: '"Order 4711 handed to Kim."\n' });
});

test.concurrent("report: reads a real table, retries, waits for the approval, writes Markdown and CSV", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const file = example("report/report.workflow.yaml");
  await using run = startLockstitch(["run", file, "--json", "--input", '{"pace": 50}'], { cwd });
  const [, runId = ""] = await run.seen(/approvals approve (run_\w+) approve/);
  expect((await lockstitch(["approvals", "approve", runId, "approve"], { cwd })).code).toBe(0);
  const { code, stdout, stderr } = await run.ended();
  expect(code, stderr).toBe(0);

  const { output, steps } = JSON.parse(stdout);
  expect(steps.station).toMatchObject({ status: "succeeded", attempts: 2 });
  expect(output.sunniest).toMatch(/^201\d$/);
  const files = join(cwd, ".lockstitch", "files");
  const report = await readFile(join(files, output.report), "utf8");
  expect(report).toContain("# Weather at Seattle-Tacoma Airport, 132 m");
  expect(report.match(/^\| 201\d \|/gm)).toHaveLength(4);
  expect(await readFile(join(files, output.table), "utf8")).toMatch(
    /^year,days,rain,sunny,warmest\n/,
  );
});

test.concurrent("user-node: node types of the user's own, from lockstitch.config.ts", async () => {
  await using directory = await temporaryDirectory();
  const input = '{"customer": "ADA", "amount": 250, "currency": "NOK"}';
  const { code, stdout, stderr } = await lockstitch(
    ["run", "invoice.workflow.yaml", "--json", "--input", input, "--data", directory.path],
    { cwd: example("user-node") },
  );
  expect(code, stderr).toBe(0);
  const attempts = Object.values<{ attempts: number }>(JSON.parse(stdout).steps).map(
    (step) => step.attempts,
  );
  expect(Math.max(...attempts)).toBe(2);
});

test.concurrent("triggers: the schedule by hand, a large order's event, a signed call", async ({
  expect,
}) => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const env = { LOCKSTITCH_SECRET_SHOP_KEY: "0123456789abcdef" };
  await using server = startLockstitch(["start", "--no-demo", "--port", "0"], { cwd, env });
  const [, address = ""] = await server.seen(/serves (http:\S+)/);

  const json = async (...argv: string[]) => {
    const { code, stdout, stderr } = await lockstitch([...argv, "--json"], { cwd, env });
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  await json("workflows", "save", example("triggers/shop.workflow.yaml"));
  const outputOfRun = async (runId: string) => {
    const answer = await fetch(`${address}/api/v1/runs/${runId}`);
    return ((await answer.json()) as { readonly output: unknown }).output;
  };
  const { runId } = await json("schedules", "trigger", "shop/nightly");
  await expect
    .poll(() => outputOfRun(runId), { timeout: 60_000 })
    .toMatchObject({ note: expect.stringMatching(/^tally: night of \d{4}-/), orders: 0 });
  const large = ["--payload", '{"order": "o-1", "total": 250}', "--id", "o-1"];
  const { runs } = await json("events", "emit", "order.paid", ...large);
  expect(runs).toMatchObject([{ workflow: "shop", id: "paid", created: true }]);
  expect((await json("events", "emit", "order.paid", ...large)).runs).toMatchObject([
    { created: false },
  ]);
  const small = ["--payload", '{"order": "o-0", "total": 5}'];
  expect((await json("events", "emit", "order.paid", ...small)).runs).toEqual([]);
  await expect
    .poll(() => outputOfRun(runs[0].runId), { timeout: 60_000 })
    .toEqual({ note: "o-1: large order", orders: 1 });

  const body = '{"order": "o-2", "total": 40}';
  const call = async (key: string) => {
    const signature = createHmac("sha256", key).update(body).digest("hex");
    const answer = await fetch(`${address}/hooks/shop/orders`, {
      ...{ method: "POST", body },
      headers: { "content-type": "application/json", "x-shop-signature": `sha256=${signature}` },
    });
    return { status: answer.status, body: (await answer.json()) as unknown };
  };
  const output = { note: "o-2: webhook", orders: 2 };
  const [first, again] = [await call("0123456789abcdef"), await call("0123456789abcdef")];
  expect(first).toMatchObject({ status: 200, body: { created: true, output } });
  expect(again).toMatchObject({ status: 200, body: { created: false, output } });
  expect(await call("another-key")).toMatchObject({ status: 401 });
});
