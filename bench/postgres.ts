/**
 * `node bench/postgres.ts [--rounds N] [--quick] [--only A,B,C] [--no-peer] [--json]`: A, B and C on
 * PostgreSQL beside DBOS on the same server, each in process with its callers (subject-process.ts),
 * taking turns in the same rounds (see run.ts). The server is the bench's own, with its defaults: fsync is on. Afterwards both databases are
 * counted. Targets: A at least 10 times, B at least twice, C's p50 at most 60 % of the peer's.
 */
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
// biome-ignore lint/correctness/noUndeclaredDependencies: Lockstitch itself brings it; this package holds only the peers.
import pg from "pg";
import { findProgram } from "../scripts/programs.ts";
import { startPostgres } from "../test/support/real-server.ts";
import { printReport, type Row } from "./report.ts";
import { type SubjectProcess, startSubject } from "./subject-process.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    only: { type: "string", default: "A,B,C" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    "no-peer": { type: "boolean", default: false },
  },
});
const benchmarks = options.only.toUpperCase().split(",");
const rounds = Number(options.rounds);
const size = options.quick
  ? { runs: 200, calls: 40, chains: 1 }
  : { runs: 2_000, calls: 200, chains: 1 };

const ONE = ["lockstitch"] as const;
const BOTH = [...ONE, "dbos"] as const;

/** fsync and synchronous_commit are read back: times without them mean nothing. */
async function newDatabase(server: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name}`);
    const { rows } = await client.query(
      "SELECT current_setting('fsync') || ' ' || current_setting('synchronous_commit') AS durable",
    );
    if (rows[0].durable !== "on on")
      throw new Error(`the server is not durable: ${rows[0].durable}`);
  } finally {
    await client.end();
  }
  return server.replace(/\/postgres$/, `/${name}`);
}

async function main(): Promise<void> {
  const program = findProgram("postgres");
  if (program === null) throw new Error("there is no PostgreSQL here: npm run setup installs it");
  await using server = await startPostgres(program, {
    settings: ["fsync=on", "max_connections=60"],
  });
  const subjects: SubjectProcess[] = [];
  const figures = new Map<string, number[]>();
  const kept: Record<string, readonly string[]> = {};
  try {
    const root = server.url("postgres");
    for (const name of options["no-peer"] ? ONE : BOTH)
      subjects.push(await startSubject(name, await newDatabase(root, name)));
    for (const subject of subjects) await subject.warmUp();
    for (let round = 1; round <= rounds; round += 1)
      for (const benchmark of benchmarks) {
        process.stderr.write(`round ${round} of ${rounds}: ${benchmark}\n`);
        for (const subject of round % 2 === 1 ? subjects : subjects.toReversed()) {
          const values = await subject.measure(benchmark, size);
          const key = `${benchmark} ${subject.name}`;
          figures.set(key, [...(figures.get(key) ?? []), ...(values ?? [])]);
        }
      }
    for (const subject of subjects.splice(0)) kept[subject.name] = await subject.close();
  } finally {
    await Promise.allSettled(subjects.map((subject) => subject.close()));
  }
  const rows: Row[] = [...figures].map(([key, values]) => {
    const [benchmark = "", ...subject] = key.split(" ");
    return { benchmark, subject: subject.join(" "), values };
  });
  printReport({ rows, kept, rounds, cores: availableParallelism(), load: loadavg() }, options.json);
}

await main();
