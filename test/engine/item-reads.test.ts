/** A for_each whose stream cannot be read after a restart: a store that is away is waited for, all else fails it. */
import { expect, test } from "vitest";
import type { StreamReader } from "#nodes/stream/stream-items.ts";
import { readFrom } from "../kernel/random-stream.ts";
import type { StoreFaults } from "../simulation/simulated-store.ts";
import { type Bench, context, driven, openBench, workflow } from "./engine-fixture.ts";

const EACH = workflow("each", {
  steps: [
    {
      ...{ id: "each", uses: "for_each", with: { items: "${{ input.rows }}" } },
      steps: [{ id: "at", uses: "data.set", with: { value: "${{ item.index }}" } }],
      output: "${{ steps.at.output }}",
    },
  ],
  output: "${{ steps.each.output.results }}",
});

/** Two of the four items of a stream, whose value is in a blob, are durable when the process dies. */
async function restarted(onRead: NonNullable<StoreFaults["onRead"]> = () => 0): Promise<Bench> {
  let isFirst = true;
  const streams: StreamReader = {
    open({ stream, batch, position }) {
      let at = position;
      return {
        async next() {
          const chunk = isFirst && at !== null ? null : readFrom(stream, batch, at);
          if (chunk === null) return await new Promise<never>(() => {});
          at = chunk.position;
          return chunk;
        },
        close() {},
      };
    },
  };
  const bench = await openBench({
    faults: { onRead: (operation) => (isFirst ? 0 : onRead(operation)) },
    ...{ streams, limits: { cacheSizeMax: 1 } },
  });
  const rows = { $stream: { items: 4, chunk: 2, note: "n".repeat(70_000) } };
  const request = { workflow: EACH, id: "run", input: { rows } as never };
  await driven(bench.clock, bench.engine.start(context, request));
  await bench.settle("run");
  isFirst = false;
  return bench;
}

/** The blob that holds the stream's value: that of the step's input. */
async function streamBlob(bench: Bench): Promise<string> {
  const turns = await driven(bench.clock, bench.store.journal.turns(context, "run", 0, 1_000));
  const events = turns.flatMap((turn) => JSON.parse(turn.events)) as {
    readonly type: string;
    readonly inputBlob?: { readonly hash: string };
  }[];
  const started = events.find(({ type, inputBlob }) => type === "step.started" && inputBlob);
  return started?.inputBlob?.hash ?? "none";
}

async function waits(bench: Bench) {
  const { waits: all } = await driven(bench.clock, bench.engine.explain(context, "run"));
  return all.map(({ path, kind }) => ({ path, kind }));
}

test("a store that is away is asked until it answers, and explain says so", async () => {
  let isAway = true;
  let refused = 0;
  await using bench = await restarted((operation) => {
    if (!isAway || operation !== "getBlob") return 0;
    refused++;
    return "unavailable";
  });
  await bench.crash();
  await bench.clock.advanceBy(10_000);
  expect(refused).toBeGreaterThan(5);
  expect(await waits(bench)).toEqual([{ path: "each", kind: "store" }]);
  isAway = false;
  const { status, output } = await bench.settle("run");
  expect({ status, output }).toEqual({ status: "succeeded", output: [0, 1, 2, 3] });
  const told = bench.logs.filter(({ fields }) => fields["what"] === "streams");
  expect(told.map(({ level }) => level)).toEqual(["warn", "info"]);
});

test("any other fault of the store fails the step with what it said", async () => {
  let isBroken = true;
  await using bench = await restarted((operation) => {
    if (!isBroken || operation !== "getBlob") return 0;
    throw new Error("the disk cannot be read");
  });
  await bench.crash();
  await bench.clock.runUntilIdle();
  isBroken = false;
  const { status, error } = await bench.settle("run");
  expect(status).toBe("failed");
  expect(error).toMatchObject({
    ...{ code: "blob_missing", path: "each", retryable: false },
    message: 'The stream of for_each "each" cannot be read: Error: the disk cannot be read.',
  });
});

test("a stream whose blob is damaged fails the step", async () => {
  await using bench = await restarted();
  bench.disk.data.corruptBlob(await streamBlob(bench));
  await bench.crash();
  const { status, error } = await bench.settle("run");
  expect(status).toBe("failed");
  expect(error).toMatchObject({
    ...{ code: "blob_missing", path: "each" },
    message: 'The stream of for_each "each" cannot be read: missing or corrupt.',
  });
});

test("an engine that closes while it waits for the store tells nobody, and the next goes on", async () => {
  let isAway = true;
  await using bench = await restarted((operation) =>
    isAway && operation === "getBlob" ? "unavailable" : 0,
  );
  await bench.crash();
  await bench.clock.advanceBy(3_000);
  await driven(bench.clock, bench.engine.close(0));
  isAway = false;
  await bench.crash();
  expect(await bench.settle("run")).toMatchObject({ status: "succeeded", output: [0, 1, 2, 3] });
});
