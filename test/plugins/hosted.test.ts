/** Plugins in an engine and in a server: a crash is a retry, health is shown, nothing is left behind. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LockstitchClient } from "#client/lockstitch-client.ts";
import { openLockstitch, workflow } from "../../src/lockstitch.ts";
import { lockstitch, startLockstitch } from "../cli/lockstitch-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { canSeal, pluginText, write } from "./plugin-fixture.ts";

/** Ends its process at the first attempt, and tells its key at the second. */
const FRAGILE = `if (context.attempt === 1) process.exit(1);
return { key: context.idempotencyKey, attempt: context.attempt };`;

const YAML = `language: 1
name: fragile
steps:
  - id: a
    uses: fragile.run
    with: { text: "\${{ secrets.TOKEN }}" }
    retry: { attempts: 3, initial: 10ms, errors: [plugin_failed] }
output: "\${{ steps.a.output }}"
`;

describe.skipIf(!canSeal)("plugins of a host", () => {
  test("a crash fails the attempt, the retry has the same key, other steps go on", async () => {
    await using directory = await temporaryDirectory();
    write(directory.path, {
      "fragile/plugin.ts": pluginText("fragile", FRAGILE),
      "steady/plugin.ts": pluginText("steady", "return config.n * 2;"),
    });
    const from = (name: string) => join(directory.path, name);
    await using l = await openLockstitch({
      data: from("data"),
      plugins: [from("fragile"), { from: from("steady") }],
    });
    const flow = workflow("both", {}, (w) => {
      const retry = { attempts: 3, initial: "10ms", errors: ["plugin_failed"] };
      const broken = w.step("broken", "fragile.run", {}, { retry });
      const steady = w.step("steady", "steady.run", { n: 21 }, { needs: [] });
      return { broken: broken.output, steady: steady.output };
    });
    const { output } = await l.run(flow);
    expect(output).toEqual({ broken: { key: expect.any(String), attempt: 2 }, steady: 42 });
  });

  test("a plugin that is refused keeps the host from opening, and leaves nothing", async () => {
    await using directory = await temporaryDirectory();
    const data = join(directory.path, "data");
    const opening = openLockstitch({ data, plugins: [join(directory.path, "none")] });
    await expect(opening).rejects.toMatchObject({ code: "config_invalid" });
    await using l = await openLockstitch({ data });
    expect(l).toBeDefined();
    await expect(openLockstitch({ data, plugins: [{ form: "x" }] })).rejects.toThrow(
      /plugins\[0\].* in openLockstitch\(\)/,
    );
  });

  test("a server shows how they do, in its API, metrics, the list and doctor", async () => {
    await using directory = await temporaryDirectory();
    const cwd = directory.path;
    const env = { LOCKSTITCH_SECRET_TOKEN: "canary-of-the-plugin" };
    write(cwd, {
      "fragile/plugin.ts": pluginText(
        "fragile",
        `console.log("got " + config.text); context.log.info("has " + config.text); ${FRAGILE}`,
        { secrets: ["TOKEN"] },
      ),
      "lockstitch.config.yaml":
        "plugins: [{ from: ./fragile, allow: { secrets: [TOKEN] } }]\nlogLevel: info\n",
      "fragile.workflow.yaml": YAML,
    });
    await using server = startLockstitch(["start", "--port", "0"], { cwd, env });
    const [, address = ""] = await server.seen(/serves (http\S+)/);
    const ran = await lockstitch(["run", "fragile.workflow.yaml", "--json"], { cwd, env });
    expect(ran.code, ran.stderr).toBe(0);
    expect(JSON.parse(ran.stdout).output).toMatchObject({ attempt: 2 });

    const client = new LockstitchClient({ baseUrl: address });
    expect(await client.plugins()).toMatchObject([
      { name: "fragile", state: "running", restarts: 1, lastEnd: { reason: "exited" } },
    ]);
    const raw = await (await fetch(`${address}/api/v1/plugins`)).text();
    const metrics = await (await fetch(`${address}/metrics`)).text();
    expect(metrics).toContain('lockstitch_plugin_up{plugin="fragile"} 1');
    expect(metrics).toContain('lockstitch_plugin_restarts_total{plugin="fragile"} 1');
    const listed = await lockstitch(["plugin", "list", "--json"], { cwd, env });
    expect(JSON.parse(listed.stdout).items).toMatchObject([
      { name: "fragile", refusal: null, health: { state: "running", restarts: 1 } },
    ]);
    const doctor = await lockstitch(["doctor", "--json"], { cwd, env });
    expect(JSON.parse(doctor.stdout).findings).toContainEqual({
      ...{ check: "plugin fragile", status: "ok", fix: null },
      text: "1.0.0, 1 node types, sealed, restarted 1 times",
    });
    await server.seen(/plugin fragile ended: exited with code 1/);
    server.child.kill("SIGTERM");
    const ended = await server.ended();
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stderr).toContain("got [secret TOKEN]");
    const shown = [ran.stdout, listed.stdout, doctor.stdout, ended.stdout, ended.stderr];
    const everything = [raw, metrics, ...shown];
    expect(everything.join("\n")).not.toContain("canary-of-the-plugin");
    expect(
      readFileSync(join(cwd, ".lockstitch", "store.db")).includes("canary-of-the-plugin"),
    ).toBe(false);
  });
});
