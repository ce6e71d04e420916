/** One subscriber alone: how long it holds the event loop, and what it keeps of what it is behind with. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { CommittedTurn } from "#engine/embedded/host-services.ts";
import { Subscriber } from "#engine/embedded/subscriber.ts";
import type { EventListener, SubscribeOptions } from "#engine/run-events.ts";

const facts: CommittedTurn["facts"] = {
  ...{ tenant: "default", runId: "run_1", workflow: "a", version: 1, status: "running", seq: 1 },
  ...{ createdAtMs: 0, startedAtMs: 0, endedAtMs: null, labels: {}, parentRunId: null },
  ...{ errorCode: null, minReader: 1 },
};

function turn(firstSeq: number, output: unknown = null): CommittedTurn {
  const events = [{ type: "step.succeeded" as const, path: "s", attempt: 1, output }];
  return { facts, events, firstSeq, atMs: 0, hasBlobs: false };
}

function subscribe(listener: EventListener, options: SubscribeOptions = {}) {
  const clock = { ms: 0 };
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const host = { logger: silent, nowMs: () => clock.ms, closed: () => {} };
  return { clock, subscriber: new Subscriber("default", { filter: {}, listener, options }, host) };
}

test("a listener that takes long lets the event loop go on in between, and loses nothing", async () => {
  const seen: number[] = [];
  const { clock, subscriber } = subscribe(({ seq }) => {
    clock.ms++;
    seen.push(seq);
  });
  for (let seq = 1; seq <= 200; seq++) subscriber.take(turn(seq));
  const atOnce: number[] = [];
  for (let before = 0; subscriber.counts.waiting > 0; before = seen.length) {
    await new Promise(setImmediate);
    atOnce.push(seen.length - before);
    // What comes meanwhile comes behind.
    if (atOnce.length === 2) subscriber.take(turn(201));
  }
  await subscriber.idle();
  expect(seen).toEqual(Array.from({ length: 201 }, (_, at) => at + 1));
  expect(Math.max(...atOnce)).toBeLessThanOrEqual(16);
});

test("what a slow subscriber is behind with holds no payloads", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const gate = Promise.withResolvers<void>();
  const { subscriber } = subscribe(() => gate.promise);
  const outputs: WeakRef<object>[] = [];
  const give = (seq: number) => {
    const output = { large: "x".repeat(1_000) };
    outputs.push(new WeakRef(output));
    subscriber.take(turn(seq, output));
  };
  for (let seq = 1; seq <= 5; seq++) give(seq);
  await new Promise(setImmediate);
  for (let seq = 6; seq <= 10; seq++) give(seq);
  expect(subscriber.counts).toMatchObject({ told: 1, waiting: 9 });
  // References that this turn of the loop has looked at live until its end.
  await new Promise(setImmediate);
  collect();
  expect(outputs.filter((each) => each.deref() !== undefined)).toEqual([]);
  gate.resolve();
  await subscriber.idle();
  expect(subscriber.counts).toEqual({ told: 10, waiting: 0, dropped: 0, failed: 0 });
});

test("closed within a call, a subscriber is told nothing more", async () => {
  const seen: number[] = [];
  for (const sync of [true, false]) {
    const { subscriber } = subscribe(
      ({ seq }) => {
        seen.push(seq);
        subscriber.close();
      },
      { sync },
    );
    subscriber.take({ ...turn(1), events: [...turn(1).events, ...turn(2).events] });
    subscriber.take(turn(3));
    await subscriber.idle();
  }
  expect(seen).toEqual([1, 1]);
});
