/** The limit of attempts against a simulated server, and what holds for any sequence of ends. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { AdaptiveLimit, type LimitView, limitText } from "#engine/admission/adaptive-limit.ts";
import { seededRandom } from "../../kernel/random-definition.ts";
import { context, openBench, work, workflow } from "../engine-fixture.ts";

/**
 * A second server time after second: so many attempts under way as the limit lets, each taking
 * what the server says for that many. Answers the limit after each second.
 */
function simulate(
  limit: AdaptiveLimit,
  seconds: number,
  latencyMs: (underWay: number) => number,
  wanted = 1_000,
): number[] {
  const limits: number[] = [];
  for (let second = 0; second < seconds; second++) {
    const underWay = Math.min(limit.view.now, wanted);
    for (let at = 0; at <= 100; at++)
      limit.ended("http.request", latencyMs(underWay), {
        underWay,
        nowMs: startMs + second * 1_000 + at * 10,
      });
    limits.push(limit.view.now);
  }
  startMs += seconds * 1_000;
  return limits;
}
let startMs = 0;

function adaptive(max: number, loopDelayMs: () => number = () => 0) {
  const changes: LimitView[] = [];
  const limit = new AdaptiveLimit({ max, loopDelayMs, changed: (view) => changes.push(view) });
  return { limit, changes };
}

test("a server that drowns beyond 200 is kept near that, and given all again once it is well", () => {
  const { limit } = adaptive(1_000);
  simulate(limit, 3, () => 50, 100);
  const drowning = (underWay: number) => (underWay > 200 ? 50 * (underWay / 50) : 50);
  const settled = simulate(limit, 60, drowning).slice(20);
  expect(Math.max(...settled)).toBeLessThanOrEqual(350);
  expect(Math.min(...settled)).toBeGreaterThanOrEqual(100);
  const well = simulate(limit, 20, () => 50);
  expect(well.at(-1)).toBe(1_000);
  expect(limit.view.reason).toBeNull();
});

test("what is slow by nature, or slow while little runs, is not congestion", () => {
  const { limit, changes } = adaptive(1_000);
  simulate(limit, 10, () => 60_000);
  simulate(limit, 10, () => 200_000, 40);
  expect(changes).toEqual([]);
});

test("a type of which some calls are quick and some slow is as it always is", () => {
  const { limit, changes } = adaptive(100);
  const random = seededRandom(7);
  simulate(limit, 300, () => (random() < 0.5 ? 20 : 2_000));
  simulate(limit, 300, () => (random() < 0.95 ? 20 : 5_000));
  const lowest = Math.min(100, ...changes.map(({ now }) => now));
  expect(lowest).toBeGreaterThanOrEqual(60);
  expect(limit.view.now).toBeGreaterThanOrEqual(90);
});

test("an event loop that answers late lowers the limit to what still fits", () => {
  let lateMs = 400;
  const { limit, changes } = adaptive(1_000, () => lateMs);
  const limits = simulate(limit, 30, () => 50);
  expect(limits.at(-1)).toBe(50);
  expect(changes[0]).toEqual({ now: 800, max: 1_000, reason: "loop_delay" });
  expect(limitText(limit.view)).toBe("50 of 1000 at once, this process answers late");
  lateMs = 0;
  expect(simulate(limit, 25, () => 50).at(-1)).toBe(1_000);
  expect(limitText(limit.view)).toBeNull();
});

test("never above max, never below the floor, by no more than a window's step, whatever ends when", () => {
  const end = fc.record({
    type: fc.constantFrom("a", "b"),
    tookMs: fc.oneof(fc.nat(20), fc.nat(100_000)),
    underWay: fc.nat(2_000),
    passMs: fc.nat(2_500),
    lateMs: fc.constantFrom(0, 0, 50, 101, 5_000),
  });
  let fallen = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1_500 }),
      fc.array(end, { maxLength: 200 }),
      (max, ends) => {
        let lateMs = 0;
        const { limit } = adaptive(max, () => lateMs);
        const floor = Math.min(max, Math.max(8, Math.ceil(max / 20)));
        let nowMs = 0;
        for (const { type, tookMs, underWay, passMs, ...now } of ends) {
          lateMs = now.lateMs;
          nowMs += passMs;
          const before = limit.view.now;
          limit.ended(type, tookMs, { underWay, nowMs });
          const after = limit.view.now;
          expect(after).toBeLessThanOrEqual(max);
          expect(after).toBeGreaterThanOrEqual(floor);
          expect(after - before).toBeLessThanOrEqual(Math.ceil(max / 20));
          if (after < before) fallen++;
        }
      },
    ),
  );
  expect(fallen).toBeGreaterThan(20);
});

test("in an engine: fewer start, the others wait, explained, and all come to their end", async () => {
  let lateMs = 0;
  let underWay = 0;
  let most = 0;
  await using bench = await openBench({
    limits: { attemptsMax: 100 },
    loopDelayMs: () => lateMs,
    work: {
      async call() {
        most = Math.max(most, ++underWay);
        await new Promise<void>((resolve) => void bench.clock.after(300, resolve));
        underWay--;
      },
    },
  });
  const flow = workflow("wide", {
    steps: [
      {
        id: "each",
        uses: "for_each",
        with: { items: { range: { start: 0, end: 3_500 } }, concurrency: 500, collect: false },
        steps: [work("call", "call")],
      },
    ],
  });
  const { run } = await bench.engine.start(context, { workflow: flow, input: null });
  lateMs = 500;
  await bench.clock.advanceBy(4_000);
  const { attemptLimit, queuedAttempts } = bench.engine.stats();
  expect(attemptLimit).toMatchObject({ max: 100, reason: "loop_delay" });
  expect(attemptLimit.now).toBeLessThanOrEqual(64);
  expect(queuedAttempts).toBeGreaterThan(300);
  expect(underWay).toBeLessThanOrEqual(attemptLimit.now);
  const { waits } = await bench.engine.explain(context, run.id);
  expect(waits.map(({ text }) => text).join("\n")).toContain(
    `waits for a free slot (${attemptLimit.now} of 100 at once, this process answers late)`,
  );
  lateMs = 0;
  expect((await bench.settle(run.id)).status).toBe("succeeded");
  expect(most).toBe(100);
  const after = bench.engine.stats().attemptLimit;
  expect(after.now).toBeGreaterThan(attemptLimit.now);
  expect(after.reason).toBeNull();
});
