/** What doctor and `lockstitch database` say of a real shared database, with hosts and without. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  clockDifference,
  durability,
  hostFindings,
  liveness,
} from "#cli/doctor/database-checks.ts";
import { MIGRATIONS } from "#storage/postgres/migrations/all.ts";
import { until } from "../engine/sqlite-fixture.ts";
import { postgresForTests } from "../storage/postgres/postgres-fixture.ts";
import { programOrSkip, startRedis } from "../support/real-server.ts";
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

const postgres = postgresForTests({ settings: ["fsync=on"] });

describe.skipIf(postgres === null)("a shared database", () => {
  if (postgres === null) return;

  const commands = (cwd: string, url: string) => {
    const env = { LOCKSTITCH_DATABASE_URL: url };
    const lockstitch = async (argv: readonly string[], more: Record<string, string> = {}) => {
      await using program = startLockstitch(argv, { cwd, env: { ...env, ...more } });
      const ended = await program.ended();
      expect(ended.stdout + ended.stderr).not.toContain(postgres.server.password);
      return ended;
    };
    const doctor = async () => {
      const { code, stdout } = await lockstitch(["doctor", "--json", "--deep"]);
      const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] };
      return { code, of: (name: string) => findings.find(({ check }) => check === name), findings };
    };
    return { env, lockstitch, doctor };
  };

  test("doctor beside a host, and when nobody drives its runs any more", async () => {
    await using directory = await temporaryDirectory();
    await using database = await postgres.database(true);
    const cwd = directory.path;
    const { env, lockstitch, doctor } = commands(cwd, database.url);
    const empty = await doctor();
    expect(empty.code).toBe(0);
    expect(empty.of("store")?.text).toBe("there is none yet in schema lockstitch");

    writeFileSync(join(cwd, "open.yaml"), OPEN);
    await using server = startLockstitch(["start", "--port", "0"], { cwd, env });
    const [line, address] = await server.seen(/serves (http\S+) .*/);
    expect(line).toMatch(/ runs in postgres:\/\/127\.0\.0\.1:\d+\/test\d+, files in \S+, pid \d+/);
    await server.seen(/unfinished runs go on at another host, or at the next start/);
    await using waiting = startLockstitch(["run", "open.yaml", "--id", "open"], { cwd, env });
    await waiting.seen(/waits for a signal/);
    // The beat that follows tells where it answers.
    await until("its address is known", async () => {
      const rows = await database.query("SELECT FROM hosts WHERE address IS NOT NULL");
      return rows.length === 1;
    });
    const well = await doctor();
    expect(well.findings.filter(({ status }) => status === "fail")).toEqual([]);
    expect(well.code).toBe(0);
    expect(well.of("database")?.text).toMatch(/^PostgreSQL \d.* at postgres:\/\/tester@127.0.0.1/);
    expect(well.of("database clock")?.status).toBe("ok");
    expect(well.of("store")?.text).toMatch(
      new RegExp(`^schema lockstitch, version ${MIGRATIONS.length}, [\\d.]+ MiB$`),
    );
    expect(well.of("hosts")?.text).toMatch(
      new RegExp(`^1 with a lease: \\S+:${server.child.pid} \\(${address}, \\d open\\)$`),
    );
    expect(well.of("liveness")?.text).toBe("every open run has a host");
    expect(well.of("open runs")?.text).toBe("1 open, none is parked");
    expect(well.of("waits")?.text).toMatch(/^open \(open, .*waits for signal "go"/);
    expect(well.of("secrets")?.status).toBe("ok");

    // Without its name: what lies beside the host is not taken for its store.
    const blind = await lockstitch(["doctor", "--json"], { LOCKSTITCH_DATABASE_URL: "" });
    expect(blind.stdout).toMatch(
      /the server keeps its runs in postgres:\/\/127\.0\.0\.1:\d+\/test\d+, which was not looked at/,
    );

    const metrics = await (await fetch(`${address}/metrics`)).text();
    expect(metrics).toMatch(/^lockstitch_store_size_bytes\{part="database"\} \d{5,}$/m);
    expect(metrics).toMatch(/^lockstitch_hosts [12]$/m);
    expect(metrics).toMatch(/^lockstitch_lease_left_seconds [1-9]/m);

    server.child.kill("SIGKILL");
    await waiting[Symbol.asyncDispose]();
    await database.query("UPDATE hosts SET expires_at = now() - interval '1 second'");
    await database.query("UPDATE runs SET owner = NULL WHERE run_id = 'open'");
    const unwell = await doctor();
    expect(unwell.code).toBe(7);
    expect(unwell.of("hosts")?.text).toBe("none has a lease; 1 run(s) are open");
    expect(unwell.of("lapsed hosts")?.text).toMatch(
      new RegExp(`^1 without a lease: \\S+:${server.child.pid} \\(.*, since 2`),
    );
    expect(unwell.of("liveness")).toMatchObject({
      status: "fail",
      text: "nobody drives 1 open run(s): open without an owner",
      fix: expect.stringContaining("lockstitch start"),
    });
    const wrong = database.url.replace(postgres.server.password, "not-it");
    const refused = await lockstitch(["doctor", "--json"], { LOCKSTITCH_DATABASE_URL: wrong });
    expect(refused.code).toBe(7);
    expect(refused.stdout).not.toContain("not-it");
    expect(refused.stdout).toContain("docs/hosts.md");
  });

  const redis = programOrSkip("redis");
  test.skipIf(redis === null)(
    "commands with Redis beside the database end, also without it",
    async () => {
      await using directory = await temporaryDirectory();
      await using database = await postgres.database();
      await using server = await startRedis(redis ?? "", { hasPassword: false });
      const url = `redis://127.0.0.1:${server.port}`;
      const { lockstitch } = commands(directory.path, database.url);
      const doctor = async () => {
        const { stdout } = await lockstitch(["--redis", url, "doctor", "--json"]);
        const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] };
        return findings.find(({ check }) => check === "redis");
      };
      const list = () =>
        lockstitch(["runs", "list", "--json"], {
          LOCKSTITCH_REDIS_URL: url,
          LOCKSTITCH_LOG: "warn",
        });
      const { code, stderr } = await list();
      expect(code).toBe(0);
      expect(stderr).not.toContain("Redis");
      await server.stop();
      const without = await list();
      expect(without.code).toBe(0);
      expect(without.stderr).toContain("Redis cannot be reached");
      expect(await doctor()).toMatchObject({ status: "warn" });
    },
    60_000,
  );

  test("migrations by hand: refused before, listed, run, and nothing left", async () => {
    await using directory = await temporaryDirectory();
    await using database = await postgres.database(true);
    const { lockstitch } = commands(directory.path, database.url);
    const names = MIGRATIONS.map(({ version, name }) => `${version} ${name}`);
    const status = async () =>
      JSON.parse((await lockstitch(["database", "status", "--json"])).stdout) as unknown;
    const supportedVersion = MIGRATIONS.length;
    const label = expect.stringMatching(/^postgres:\/\/tester@/);
    const before = { schema: "lockstitch", version: 0, supportedVersion, pending: names };
    expect(await status()).toEqual({ database: label, ...before });
    const byHand = { LOCKSTITCH_DATABASE_AUTO_MIGRATE: "false" };
    const refused = await lockstitch(["runs", "list"], byHand);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("lockstitch database migrate");
    expect(await status()).toMatchObject({ version: 0 });
    const migrated = await lockstitch(["database", "migrate"], byHand);
    expect(migrated.stdout.split("\n").slice(0, -2)).toEqual(names.map((it) => `applied  ${it}`));
    expect(await status()).toMatchObject({ version: supportedVersion, pending: [] });
    expect((await lockstitch(["runs", "list"], byHand)).code).toBe(0);
    const none = await lockstitch(["database", "status"], { LOCKSTITCH_DATABASE_URL: "" });
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("No database") });
  });
});

test("what of the server's settings and clocks is unwell", () => {
  const facts = {
    ...{ label: "postgres://db/x", schema: "s", schemaVersion: 1, supportedVersion: 1 },
    ...{
      serverVersion: "15",
      fsync: "on",
      fullPageWrites: "on",
      synchronousCommit: "remote_apply",
    },
    ...{ clockAheadMs: 0, fileBytes: 1, hold: null, missingRights: [] },
  };
  expect(durability(facts).status).toBe("ok");
  for (const off of ["fsync", "fullPageWrites", "synchronousCommit"] as const)
    expect(durability({ ...facts, [off]: "off" }).status).toBe("fail");
  for (const [clockAheadMs, status] of [
    ...([
      [1_000, "ok"],
      [-1_000, "ok"],
      [1_001, "warn"],
      [-1_001, "warn"],
    ] as const),
    ...([
      [30_000, "warn"],
      [30_001, "fail"],
      [-30_001, "fail"],
    ] as const),
  ] as const)
    expect([clockAheadMs, clockDifference({ clockAheadMs }).status]).toEqual([
      clockAheadMs,
      status,
    ]);
  expect(clockDifference({ clockAheadMs: -2_500 }).text).toBe(
    "2.500 s behind this machine's clock",
  );
});

test("runs whose host is gone for too long are told apart from those that are just handed on", () => {
  const facts = { name: "a", address: null, startedAtMs: 0, expiresAtMs: 0, isDraining: false };
  const live = { host: 1, facts, hasLease: true, isOverdue: false, openRuns: 3, oldestRunId: "r1" };
  const lapsed = { ...live, host: 2, facts: { ...facts, name: "b" }, hasLease: false };
  const lost = { ...lapsed, isOverdue: true };
  expect(liveness([live, lapsed]).status).toBe("ok");
  expect(hostFindings([live, lapsed]).map(({ status }) => status)).toEqual(["ok", "warn"]);
  expect(liveness([live, { ...lost, openRuns: 0, oldestRunId: null }]).status).toBe("ok");
  expect(liveness([live, lost])).toMatchObject({
    status: "fail",
    text: "nobody drives 3 open run(s): r1 and 2 more of b, whose lease was over at 1970-01-01T00:00:00.000Z",
    fix: expect.stringContaining("newer release"),
  });
  expect(liveness([lost]).fix).toContain("lockstitch start");
});
