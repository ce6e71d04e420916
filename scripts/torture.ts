/**
 * `npm run torture -- --kills N [--seed S] [--data DIR] [--keep] [--json] [--plant NAME]`: kills the
 * real server N times under load and checks that every promise was kept (test/torture/torture.ts).
 * `--database postgres --hosts H --restarts R --cuts C --fulls F`: several hosts on a PostgreSQL server of
 * the torture's own, which is stopped and started again R times; the ways to it are cut, refused or
 * stalled C times (a fifth of the kills by default), and its disk is full F times, where a small one may
 * be mounted. `--no-limits` leaves out the limits that hold over all hosts.
 * `--data` puts the data directory elsewhere, for example on another disk; `--keep` leaves everything
 * behind; `--plant` loads the victim with a bug of test/simulation/plants.ts, which must be found.
 * Exit code 0: all held. 1: something was broken. The seed chooses phases and workload; processes
 * and their timing are real, so a seed is no replay.
 */
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { exitOnSignals } from "../test/support/kill-with-us.ts";
import { type PostgresServer, startPostgres } from "../test/support/real-server.ts";
import { reportText } from "../test/torture/report-text.ts";
import { mountSmallDisk, type SmallDisk } from "../test/torture/small-disk.ts";
import { faultsOf, torture } from "../test/torture/torture.ts";
import { findProgram } from "./programs.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    data: { type: "string" },
    keep: { type: "boolean", default: false },
    plant: { type: "string" },
    database: { type: "string" },
    hosts: { type: "string", default: "3" },
    restarts: { type: "string", default: "0" },
    cuts: { type: "string" },
    fulls: { type: "string", default: "0" },
    "no-limits": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const kills = Number(values.kills);
const seed = Number(values.seed);
if (!Number.isSafeInteger(kills) || kills < 1 || !Number.isSafeInteger(seed))
  throw new Error("--kills must be a positive integer, --seed an integer");

/** What a database takes in the beginning, and then for each kill at most. */
const DISK_MB = 700;
const DISK_MB_PER_KILL = 12;
const PLAIN_EVERY_MS = 10_000;
let toldAtMs = 0;

/** One line that changes on a terminal; elsewhere a line every ten seconds. */
function tell(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  else if (performance.now() - toldAtMs >= PLAIN_EVERY_MS) {
    toldAtMs = performance.now();
    process.stderr.write(`${line}\n`);
  }
}

/** null: it may not be mounted here. */
function smallDisk(): SmallDisk | null {
  const disk = mountSmallDisk(DISK_MB + kills * DISK_MB_PER_KILL);
  if (disk === null)
    process.stderr.write("SKIPPED: no small disk can be mounted here (needs root): --fulls 0\n");
  return disk;
}

async function startDatabase(kind: string, disk: SmallDisk | null): Promise<PostgresServer> {
  const program = kind === "postgres" ? findProgram("postgres") : null;
  if (program === null)
    throw new Error(
      `--database ${kind}: there is no such program here; postgres is what there can be`,
    );
  const settings = ["fsync=on", "max_connections=100"];
  if (disk === null) return await startPostgres(program, { settings });
  return await startPostgres(program, {
    settings: [...settings, "max_wal_size=128MB"],
    under: disk.path,
  });
}

// The socket's path must be short, so everything but the data stays in the system's own folder.
const folder = await mkdtemp(join(tmpdir(), "lockstitch-torture-"));
const dataDir = values.data === undefined ? join(folder, "data") : resolve(values.data);
const disk = values.database === undefined || values.fulls === "0" ? null : smallDisk();
exitOnSignals(() => {
  if (!values.keep) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  disk?.[Symbol.dispose]();
});
const server = values.database === undefined ? null : await startDatabase(values.database, disk);
const database =
  server === null
    ? null
    : {
        hosts: Number(values.hosts),
        restarts: Number(values.restarts),
        cuts: Number(values.cuts ?? Math.floor(kills / 5)),
        fulls: disk === null ? 0 : Number(values.fulls),
        url: server.url("postgres"),
        port: server.port,
        disk,
        get isRunning() {
          return server.isRunning;
        },
        stop: () => server.stop(),
        start: () => server.start(),
      };
try {
  const report = await torture({
    kills,
    seed,
    folder,
    dataDir,
    ...(values.plant === undefined ? {} : { plant: values.plant }),
    ...(database === null ? {} : { shared: database, judgesLimits: !values["no-limits"] }),
    onProgress: tell,
  });
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  const faults = faultsOf(report);
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ ok: faults.length === 0, faults, ...report }, null, 2)}\n`
      : reportText(report),
  );
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  await server?.[Symbol.asyncDispose]();
  disk?.[Symbol.dispose]();
  if (values.keep) process.stderr.write(`kept: ${folder}, data in ${dataDir}\n`);
  else await rm(folder, { recursive: true, force: true });
}
