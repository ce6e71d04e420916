/**
 * `node bench/profile.ts A|B|E|P`: where the server's processor time goes under one benchmark's load.
 * Runs the server with V8's sampling profiler, then prints for each of its threads the share of
 * rooms (self time, by the file that the sampled function stands in) and the hottest functions.
 * P takes 20 times the runs of C, as fast as they come: C's path, with enough samples to read.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeClient } from "./http-json.ts";
import { saturate } from "./load.ts";
import { lockstitchOverHttp } from "./lockstitch.ts";

const FUNCTIONS_SHOWN = 25;
const LOADS = {
  A: { steps: 5, isPure: false, count: 6_000, atOnce: 100 },
  B: { steps: 1_000, isPure: false, count: 8, atOnce: 1 },
  E: { steps: 1_000, isPure: true, count: 300, atOnce: 1 },
  P: { steps: 1, isPure: false, count: 4_000, atOnce: 1 },
} as const;

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The room of the house that a script belongs to. */
function roomOf(url: string, functionName: string): string {
  if (url === "") return functionName.startsWith("(") ? functionName : "(native)";
  const own = /\/src\/([^/]+\/[^/]+)/.exec(url)?.[1];
  if (own !== undefined) return own.endsWith(".ts") ? `src/${own.split("/")[0]}` : `src/${own}`;
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  return library ?? (url.startsWith("node:") ? `node:${url.slice(5).split("/").at(-1)}` : url);
}

function print(profile: Profile): void {
  const rooms = new Map<string, number>();
  const functions = new Map<string, number>();
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  let totalMs = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id);
    if (frame === undefined || frame.functionName === "(idle)") continue;
    const ms = (profile.timeDeltas[index] ?? 0) / 1_000;
    const room = roomOf(frame.url, frame.functionName);
    const name = `${frame.functionName || "(anonymous)"} ${frame.url.split("/").slice(-2).join("/")}:${frame.lineNumber + 1}`;
    totalMs += ms;
    rooms.set(room, (rooms.get(room) ?? 0) + ms);
    functions.set(name, (functions.get(name) ?? 0) + ms);
  }
  const lines = (shares: Map<string, number>, count: number) =>
    [...shares]
      .toSorted((a, b) => b[1] - a[1])
      .slice(0, count)
      .map(([name, ms]) => `  ${((ms / totalMs) * 100).toFixed(1).padStart(5)} %  ${name}`);
  process.stdout.write(
    `busy ${Math.round(totalMs)} ms\n${lines(rooms, 16).join("\n")}\n\n${lines(functions, FUNCTIONS_SHOWN).join("\n")}\n\n`,
  );
}

const wanted = (process.argv[2] ?? "A").toUpperCase() as keyof typeof LOADS;
const load = LOADS[wanted];
const folder = mkdtempSync(join(tmpdir(), "lockstitch-profile-"));
const profiles = join(folder, "profiles");
try {
  const server = await lockstitchOverHttp(folder, {
    execArgv: ["--cpu-prof", "--cpu-prof-interval=500", `--cpu-prof-dir=${profiles}`],
  });
  const work = () =>
    load.isPure && server.compute !== null ? server.compute() : server.run(load.steps);
  const seconds = await saturate(work, load).catch(async (cause) => {
    await server.close().catch(() => undefined);
    throw cause;
  });
  process.stdout.write(
    `${wanted}: ${Math.round((load.count * load.steps) / seconds)} steps/s in ${seconds.toFixed(1)} s\n`,
  );
  await server.close();
  for (const file of readdirSync(profiles))
    print(JSON.parse(readFileSync(join(profiles, file), "utf8")) as Profile);
} finally {
  await closeClient();
  // After a failure the server may still be writing there.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
