/**
 * `node bench/postgres-journal.ts [--seconds N] [--url postgres://...] [--json]`: what a commit of the
 * journal costs on PostgreSQL, beside the bare statement that writes the same bytes (one INSERT of the
 * group's rows, nothing else). Lone turns and groups of 100, of 1,000 open runs, turns of 400 bytes;
 * and groups of 100 new runs. The sides take turns, so that both meet the same disk.
 *
 * Without --url a server of its own is started in the temporary folder, with fsync on.
 */
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { bigints, texts } from "../src/storage/postgres/columns.ts";
import { Sessions } from "../src/storage/postgres/connection.ts";
import { databaseAddress } from "../src/storage/postgres/database-address.ts";
import { openPostgresStore } from "../src/storage/postgres/open-postgres-store.ts";
import { creation, turn } from "../test/contract/store-fixture.ts";
import { programOrSkip, startPostgres } from "../test/support/real-server.ts";

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    url: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const RUNS = 1_000;
const GROUP = 100;
const EVENTS = JSON.stringify([
  { type: "step.succeeded", path: "fetch", output: { text: "x".repeat(340) } },
]);
const BARE = `INSERT INTO turns (run, first_seq, last_seq, at_ms, events)
SELECT -run, seq, seq, 0, convert_to(events, 'UTF8')
FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS g (run, seq, events)`;

interface Side {
  readonly name: string;
  readonly size: number;
  readonly once: () => Promise<unknown>;
  readonly tookMs: number[];
}

const program = options.url === undefined ? programOrSkip("postgres") : null;
const server = program === null ? null : await startPostgres(program, { settings: ["fsync=on"] });
const url = options.url ?? server?.url("postgres");
if (url === undefined) throw new Error("there is no PostgreSQL: name one with --url");
const store = await openPostgresStore({ url, claim: "all" });
const sessions = new Sessions(databaseAddress(url), 1);
const { journal, epoch } = store;
const seqs = new Map<string, number>();
let made = 0;
let commits = 0;

function starts(count: number) {
  return Array.from({ length: count }, () => {
    const runId = `run_${String(made++).padStart(26, "0")}`;
    return creation({ tenant: "default", runId, epoch, events: EVENTS });
  });
}

for (let at = 0; at < RUNS; at += GROUP) {
  const group = starts(GROUP);
  for (const { runId } of group) seqs.set(runId, 2);
  await journal.commit(`open ${at}`, group);
}
await sessions.change("bench", "ANALYZE");
const open = [...seqs.keys()];

function turns(count: number) {
  const from = Math.floor(Math.random() * RUNS);
  return Array.from({ length: count }, (_, index) => {
    const runId = open[(from + index * 7) % RUNS] ?? "";
    const seq = (seqs.get(runId) ?? 0) + 1;
    seqs.set(runId, seq);
    return turn({ tenant: "default", runId, epoch, seqs: [seq, seq], events: EVENTS });
  });
}

let bare = 0;
const insert = (count: number) => {
  const numbers = Array.from({ length: count }, () => ++bare);
  const columns = [bigints(numbers), bigints(numbers), texts(numbers.map(() => EVENTS))];
  return sessions.change("bench", BARE, ...columns);
};
const commit = async (group: ReturnType<typeof turns>) => {
  const { fenced } = await journal.commit(`c${commits++}`, group);
  if (fenced.length > 0) throw new Error(`fenced: ${fenced.join(", ")}`);
};

const sides: readonly Side[] = [
  { name: "bare statement", size: 1, once: () => insert(1), tookMs: [] },
  { name: "turns", size: 1, once: () => commit(turns(1)), tookMs: [] },
  { name: "bare statement", size: GROUP, once: () => insert(GROUP), tookMs: [] },
  { name: "turns", size: GROUP, once: () => commit(turns(GROUP)), tookMs: [] },
  { name: "new runs", size: GROUP, once: () => commit(starts(GROUP)), tookMs: [] },
];
for (const { once } of sides) for (let count = 0; count < 50; count++) await once();
for (let round = 0; round < Number(options.rounds); round++)
  for (const { once, tookMs } of sides) {
    const until = performance.now() + (Number(options.seconds) * 1_000) / sides.length;
    while (performance.now() < until) {
      const begun = performance.now();
      await once();
      tookMs.push(performance.now() - begun);
    }
  }

const rows = sides.map(({ name, size, tookMs }) => {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (part: number) => Number((sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(3));
  const all = tookMs.reduce((sum, ms) => sum + ms, 0);
  const perSecond = Math.round((size * tookMs.length * 1_000) / all);
  return {
    name,
    size,
    commits: tookMs.length,
    perSecond,
    p10: at(0.1),
    p50: at(0.5),
    p99: at(0.99),
  };
});
if (options.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
else
  for (const { name, size, perSecond, p10, p50, p99 } of rows)
    process.stdout.write(
      `${`${name} in groups of ${size}`.padEnd(34)} ${String(perSecond).padStart(7)}/s  p10 ${p10} ms  p50 ${p50} ms  p99 ${p99} ms\n`,
    );
await sessions.close();
await store.close();
await server?.[Symbol.asyncDispose]();
