/** What doctor finds on real directories, well and unwell, with and without a server. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { clockSanity, nodeVersion } from "#cli/doctor/machine-checks.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startLockstitch } from "./lockstitch-process.ts";

const OPEN =
  "language: 1\nname: open\nsteps:\n  - id: w\n    uses: wait.signal\n    with: { name: go }\n";

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly text: string;
  readonly fix: string | null;
}

async function doctor(cwd: string, ...flags: string[]) {
  await using program = startLockstitch(["doctor", "--json", ...flags], { cwd });
  const { code, stdout } = await program.ended();
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] };
  const of = (check: string) => findings.find((finding) => finding.check === check);
  return { code, findings, of };
}

test("a data directory that is well, beside its server; then damaged, open to others, held", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  writeFileSync(join(cwd, "open.yaml"), OPEN);
  {
    await using server = startLockstitch(["start", "--port", "0"], { cwd });
    await server.seen(/serves (http\S+)/);
    await using waiting = startLockstitch(["run", "open.yaml", "--id", "open"], { cwd });
    await waiting.seen(/waits for a signal/);
    await using pin = startLockstitch(["runs", "checkpoint", "open", "--pin"], { cwd });
    const [, seq, bytes] =
      /at event (\d+), (\d+) bytes, pinned/.exec((await pin.ended()).stdout) ?? [];
    const get = ["runs", "get", "open"];
    await using text = startLockstitch(get, { cwd });
    expect((await text.ended()).stdout).toMatch(
      new RegExp(`^pinned +checkpoint at event ${seq}, ${bytes} bytes$`, "m"),
    );
    await using json = startLockstitch([...get, "--json"], { cwd });
    expect(JSON.parse((await json.ended()).stdout)).toMatchObject({
      checkpoints: [{ seq: Number(seq), bytes: Number(bytes), pinned: true }],
    });
    const { code, findings, of } = await doctor(cwd, "--deep");
    expect(findings.filter(({ status }) => status === "fail")).toEqual([]);
    expect(code).toBe(0);
    expect(of("server")?.text).toMatch(/serves http.* and is ready/);
    expect(of("waits")?.text).toMatch(/^open \(open, .*waits for signal "go"/);
    expect(of("open runs")?.text).toBe("1 open, none is parked");
    expect(of("pinned")?.text).toBe(
      `checkpoints of 1 open run(s): open (at event ${seq}, ${Math.ceil(Number(bytes) / 1024)} KiB)`,
    );
  }
  const store = join(cwd, ".lockstitch", "store.db");
  const database = new DatabaseSync(store);
  database.exec(`
    INSERT INTO checkpoints (run, seq, state_version, state, checksum)
      SELECT number, 2, 1, CAST('{}' AS BLOB), x'00' FROM runs;
    INSERT INTO meta (name, value) VALUES ('held', '{"backupAtMs":5}');
    UPDATE turns SET events = CAST('[' AS BLOB) WHERE first_seq = (SELECT max(first_seq) FROM turns);
    UPDATE turns SET at_ms = 9999999999999`);
  database.close();
  chmodSync(join(cwd, ".lockstitch"), 0o755);
  const unwell = await doctor(cwd, "--deep");
  expect(unwell.code).toBe(7);
  expect(unwell.of("data directory")).toMatchObject({
    status: "warn",
    fix: expect.stringContaining("chmod 700"),
  });
  expect(unwell.of("paused")?.status).toBe("warn");
  expect(unwell.of("clock")?.status).toBe("fail");
  expect(unwell.of("open runs")).toMatchObject({
    status: "fail",
    text: expect.stringContaining("cannot be read"),
  });

  const bytes = readFileSync(store);
  bytes.fill(0xff, 4096 * 4, 4096 * 9);
  writeFileSync(store, bytes);
  const damaged = await doctor(cwd);
  expect(damaged.code).toBe(7);
  expect(
    damaged.findings.some(({ status, fix }) => status === "fail" && fix?.includes("Restore")),
  ).toBe(true);
});

test("a wrong configuration, an old Node, a clock that went back", async () => {
  await using directory = await temporaryDirectory();
  writeFileSync(join(directory.path, "lockstitch.config.json"), '{ "port": "no" }');
  const { code, of } = await doctor(directory.path);
  expect(code).toBe(7);
  expect(of("configuration")).toMatchObject({ text: expect.stringContaining("port") });
  expect(nodeVersion("v22.1.0").status).toBe("fail");
  const nowMs = Date.UTC(2026, 0, 1);
  expect(clockSanity(nowMs, nowMs - 1).status).toBe("ok");
  expect(clockSanity(nowMs, nowMs + 3_600_000).status).toBe("fail");
  expect(clockSanity(5, null).status).toBe("fail");
});

test("secrets that saved workflows read, and which of them are not there", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const reads = (name: string) =>
    `  - { id: ${name}, uses: signal.send, if: "false", with: { runId: x, name: y, payload: "\${{ secrets.${name} }}" } }\n`;
  writeFileSync(
    join(cwd, "pay.yaml"),
    `language: 1\nname: pay\nsteps:\n${reads("THERE")}${reads("GONE")}`,
  );
  await using program = startLockstitch(["run", "pay.yaml"], { cwd });
  expect((await program.ended()).code).toBe(0);
  writeFileSync(join(cwd, "s.env"), "THERE=value-of-it\n", { mode: 0o600 });
  writeFileSync(join(cwd, "lockstitch.config.json"), '{ "secrets": "./s.env" }');
  const { code, of, findings } = await doctor(cwd);
  expect(code).toBe(0);
  expect(of("secrets")).toMatchObject({
    status: "warn",
    text: "1 of 2 not found from here: GONE (pay)",
    fix: expect.stringContaining("LOCKSTITCH_SECRET_GONE"),
  });
  expect(JSON.stringify(findings)).not.toContain("value-of-it");
});
