/**
 * `npm run bench -- --against REF`: this working tree and another commit, in the same rounds on the
 * same machine. The other commit is checked out into a folder of its own with this tree's packages.
 *
 * Over HTTP each runs its own server, driven by this tree's client; in process each runs in a
 * process of its own (engine-process.ts), which also tells what a step cost in processor time: on a
 * busy machine that says more than the clock. Medians of the rounds, their ratio, and a mark where
 * they differ by more than 10 %. Exits 0, or 1 with `--gate` where something became that much worse.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type EngineProcess, startEngineProcess } from "./engine-process.ts";
import { percentile, text } from "./figures.ts";
import { lockstitchOverHttp } from "./lockstitch.ts";
import { measureOnce, type RoundSize, TOGETHER, warmUp } from "./measure.ts";
import type { Subject } from "./subject.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIFFERENCE_MAX = 0.1;

interface Options extends RoundSize {
  readonly rounds: number;
  readonly only: ReadonlySet<string> | null;
  readonly json: boolean;
  readonly gate: boolean;
}

interface Side {
  readonly http: Subject;
  readonly inProcess: EngineProcess;
}

/** All rounds' values of one figure, then and now. */
interface Figure {
  readonly name: string;
  readonly isLessBetter: boolean;
  readonly before: number[];
  readonly now: number[];
}

export async function measureAgainst(folder: string, ref: string, options: Options): Promise<void> {
  const other = join(folder, "other");
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-C", ROOT, ...args], { encoding: "utf8" }).trim();
  const commit = git("rev-parse", "--verify", `${ref}^{commit}`);
  git("worktree", "add", "--detach", other, commit);
  const open: { close(): Promise<unknown> }[] = [];
  try {
    symlinkSync(join(ROOT, "node_modules"), join(other, "node_modules"));
    const before = await startSide(other, join(folder, "before"), open);
    const now = await startSide(ROOT, join(folder, "now"), open);
    const figures = await measureRounds({ before, now }, options);
    for (const side of open.splice(0)) await side.close();
    print(figures, git("log", "-1", "--format=%h %s", commit), options);
  } finally {
    await Promise.allSettled(open.map((side) => side.close()));
    git("worktree", "remove", "--force", other);
  }
}

async function startSide(
  root: string,
  folder: string,
  open: { close(): Promise<unknown> }[],
): Promise<Side> {
  mkdirSync(folder);
  const http = await lockstitchOverHttp(folder, { root });
  open.push(http);
  const inProcess = await startEngineProcess(root, folder);
  open.push(inProcess);
  await warmUp(http);
  await inProcess.warmUp();
  return { http, inProcess };
}

async function measureRounds(
  sides: { readonly before: Side; readonly now: Side },
  options: Options,
): Promise<readonly Figure[]> {
  const figures = new Map<string, Figure>();
  const note = (side: "before" | "now", name: string, value: number, isLessBetter: boolean) => {
    const figure = figures.get(name) ?? { name, isLessBetter, before: [], now: [] };
    figure[side].push(value);
    figures.set(name, figure);
  };
  for (let round = 1; round <= options.rounds; round += 1)
    for (const benchmark of TOGETHER) {
      if (options.only !== null && !options.only.has(benchmark)) continue;
      process.stderr.write(`round ${round} of ${options.rounds}: ${benchmark}\n`);
      const turns = round % 2 === 1 ? (["before", "now"] as const) : (["now", "before"] as const);
      for (const side of turns) {
        const { http, inProcess } = sides[side];
        const values = await measureOnce(benchmark, http, options);
        const isLatency = benchmark === "C";
        const unit = isLatency ? "ms (p50)" : "steps/s";
        if (values !== null)
          note(side, `${benchmark} over HTTP, ${unit}`, percentile(values, 0.5), isLatency);
        const own = await inProcess.measure(benchmark, options);
        if (own === null) continue;
        note(side, `${benchmark} in process, ${unit}`, percentile(own.values, 0.5), isLatency);
        note(side, `${benchmark} in process, main thread us/step`, own.mainUs, true);
        note(side, `${benchmark} in process, all threads us/step`, own.allUs, true);
      }
    }
  return [...figures.values()].toSorted((a, b) => a.name.localeCompare(b.name));
}

function print(figures: readonly Figure[], title: string, options: Options): void {
  // What the other commit cannot do is left out.
  const both = figures.filter(({ before, now }) => before.length > 0 && now.length > 0);
  const rows = both.map(({ name, isLessBetter, before, now }) => {
    const was = percentile(before, 0.5);
    const is = percentile(now, 0.5);
    const gain = isLessBetter ? was / is : is / was;
    const mark = gain < 1 - DIFFERENCE_MAX ? "worse" : gain > 1 + DIFFERENCE_MAX ? "better" : "";
    return { name, before: was, now: is, gain, mark };
  });
  if (options.gate && rows.some(({ mark }) => mark === "worse")) process.exitCode = 1;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ against: title, rows, figures }, null, 2)}\n`);
    return;
  }
  process.stdout.write(`against ${title}; medians of ${options.rounds} rounds\n`);
  process.stdout.write(`  ${"".padEnd(38)} ${"then".padStart(10)} ${"now".padStart(10)}   gain\n`);
  for (const { name, before, now, gain, mark } of rows)
    process.stdout.write(
      `  ${name.padEnd(38)} ${text(before).padStart(10)} ${text(now).padStart(10)}   ${gain.toFixed(2)} x ${mark}\n`,
    );
}
