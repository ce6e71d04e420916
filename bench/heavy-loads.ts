/**
 * The heavy work beside which responsiveness.ts asks, and the thread that sends it: one load is
 * repeated, one at a time, until the thread is ended.
 */
import { parentPort, workerData } from "node:worker_threads";
// biome-ignore lint/correctness/noUndeclaredDependencies: Lockstitch itself brings it; this package holds only the peers.
import { stringify } from "yaml";
import { callJson } from "./http-json.ts";

interface HeavyLoad {
  /** Once, before. */
  prepare(address: string): Promise<unknown>;
  /** Answers when the work is done. */
  once(address: string, prepared: never): Promise<void>;
}

/** What a row becomes as JSON is some 50 characters longer: the output must stay below its limit, too. */
const csv = (sizeMin: number, words: number): string => {
  const lines = ["id,name,city,amount,note"];
  const note = "some words that stand in each row ".repeat(words).trim();
  let length = 0;
  for (let at = 0; length < sizeMin; at++) {
    const line = `${at},customer ${at},city ${at % 100},${at * 3},${note}`;
    lines.push(line);
    length += line.length + 1;
  }
  return lines.join("\n");
};

/** Names, numbers and hashes as exports have them: half of it is left when it is compressed. */
const variedCsv = (sizeMin: number): string => {
  const lines = ["id,name,city,amount,token"];
  let length = 0;
  // A fixed sequence (xorshift): each measurement parses the same.
  let seed = 1;
  const next = () => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0).toString(36);
  };
  for (let at = 0; length < sizeMin; at++) {
    const token = Array.from({ length: 60 }, next).join("");
    const line = `${at},${next()} ${next()},city ${at % 100},${at * 3},${token}`;
    lines.push(line);
    length += line.length + 1;
  }
  return lines.join("\n");
};

function parsing(text: string): HeavyLoad {
  return {
    async prepare(address) {
      await save(address, {
        ...{ language: 1, name: "parse" },
        steps: [{ id: "rows", uses: "parse", with: { text: "${{ input.text }}", format: "csv" } }],
      } as never);
      return text;
    },
    once: (address) => runToEnd(address, { workflow: "parse", input: { text } }),
  };
}

async function save(address: string, definition: { readonly name: string }): Promise<void> {
  await callJson(`${address}/api/v1/workflows/${definition.name}`, "PUT", definition);
}

async function runToEnd(address: string, body: unknown): Promise<void> {
  let run = (await callJson(`${address}/api/v1/runs`, "POST", body, { prefer: "wait=60" })) as {
    readonly id: string;
    readonly status: string;
    readonly error?: unknown;
  };
  while (!["succeeded", "failed", "cancelled"].includes(run.status))
    run = (await callJson(`${address}/api/v1/runs/${run.id}`, "GET", undefined, {
      prefer: "wait=60",
    })) as typeof run;
  if (run.status !== "succeeded")
    throw new Error(`run ${run.id} ${run.status}: ${JSON.stringify(run.error).slice(0, 500)}`);
}

async function send(url: string, method: string, body: string): Promise<void> {
  const answer = await fetch(url, {
    method,
    headers: { "content-type": "application/yaml" },
    body,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text.slice(0, 500)}`);
}

const STEPS = 10_000;

function largeYaml(): string {
  return stringify({
    language: 1,
    name: "large",
    steps: Array.from({ length: STEPS }, (_, index) => ({
      id: `step_${index}`,
      uses: "data.set",
      ...(index === 0 ? {} : { needs: [`step_${Math.floor(index / 2)}`] }),
      with: {
        value: {
          previous: index === 0 ? null : `\${{ steps.step_${Math.floor(index / 2)}.output.total }}`,
          note: `what step ${index} adds to the report, in a sentence of usual length`,
          total: index,
        },
      },
    })),
  });
}

export function loopOf(passes: number) {
  return {
    language: 1,
    name: "loop",
    steps: [
      {
        id: "loop",
        uses: "while",
        with: {
          condition: `carry.n < ${passes}`,
          check: "before",
          maxIterations: passes,
          carry: { n: 0 },
        },
        steps: [{ id: "next", uses: "data.set", with: { value: { n: "${{ carry.n + 1 }}" } } }],
        update: { n: "${{ steps.next.output.n }}" },
      },
    ],
  };
}

export const HEAVY_LOADS: Readonly<Record<string, HeavyLoad>> = {
  /** A text of 9.5 MB in a start, parsed in a step: 13,000 long rows, an output of 10 MB. */
  parse: parsing(csv(9_500_000, 20)),
  /** 8.5 MB of text that hardly repeats itself: it takes long to compress. */
  varied: parsing(variedCsv(8_500_000)),
  /** 80,000 short rows: a text of 5.5 MB, an output of 10 MB. */
  rows: parsing(csv(5_500_000, 1)),
  /** An array of 2 MB mapped with an expression. */
  map: {
    async prepare(address) {
      await save(address, {
        ...{ language: 1, name: "map" },
        steps: [
          { id: "made", uses: "parse", with: { text: "${{ input.text }}", format: "csv" } },
          {
            id: "mapped",
            uses: "data.map",
            with: {
              items: "${{ steps.made.output }}",
              map: "(item) => ({id: item.id, twice: Number(item.amount) * 2})",
            },
          },
        ],
      } as never);
      return csv(1_200_000, 1);
    },
    once: (address, text) => runToEnd(address, { workflow: "map", input: { text } }),
  },
  /** 10,000 steps as YAML, validated and saved; each time another definition. */
  definition: {
    prepare: async () => largeYaml(),
    async once(address, yaml: string) {
      const other = `${yaml}labels:\n  made: "${Date.now()}"\n`;
      await send(`${address}/api/v1/workflows/validate`, "POST", other);
      await send(`${address}/api/v1/workflows/large`, "PUT", other);
    },
  },
  /** 10,000 steps, run. */
  largeRun: {
    prepare: (address) => send(`${address}/api/v1/workflows/large`, "PUT", largeYaml()),
    once: (address) => runToEnd(address, { workflow: "large" }),
  },
  /** A while loop of a million passes of a pure step. */
  loop: {
    prepare: (address) => save(address, loopOf(1_000_000) as never),
    once: (address) => runToEnd(address, { workflow: "loop" }),
  },
} as Readonly<Record<string, HeavyLoad>>;

if (parentPort !== null && workerData !== null) {
  const { address, load: name } = workerData as { readonly address: string; readonly load: string };
  const load = HEAVY_LOADS[name];
  if (load === undefined) throw new Error(`no load ${name}`);
  const prepared = await load.prepare(address);
  parentPort.postMessage("ready");
  for (;;) {
    const beganMs = performance.now();
    await load.once(address, prepared as never);
    parentPort.postMessage({ ms: performance.now() - beganMs });
  }
}
