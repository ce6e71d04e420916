/** Places for starts: asked for together, given back, and what a store that is away means. */
import { expect, test } from "vitest";
import { StartPlaces } from "#engine/admission/start-places.ts";
import type { StartDemand, StartQuotas, StartRefusal } from "#ports/start-quotas.ts";

const NONE = { openRuns: null, startsPerMinute: null };
const demand = (runId: string): StartDemand => ({
  ...{ tenant: "t", workflow: "w", runId, ofTenant: { ...NONE, openRuns: 2 }, ofWorkflow: NONE },
});
const FULL: StartRefusal = { scope: "tenant", kind: "openRuns", used: 2, retryAfterMs: null };

/** Answers one call at a time, when told. */
function port() {
  const calls: string[][] = [];
  const givenBack: string[] = [];
  const answers: ((answer: readonly (StartRefusal | null)[] | Error) => void)[] = [];
  const quotas: StartQuotas = {
    reserve(demands) {
      calls.push(demands.map(({ runId }) => runId));
      return new Promise((resolve, reject) =>
        answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer))),
      );
    },
    giveBack: async (starts) => {
      givenBack.push(...starts.map(({ runId }) => runId));
      throw new Error("away");
    },
  };
  return { places: new StartPlaces(quotas), calls, givenBack, answers };
}

test("what comes while a call is under way goes together in the next one", async () => {
  const { places, calls, answers, givenBack } = port();
  const first = places.reserve(demand("a"));
  const second = places.reserve(demand("b"));
  const third = places.reserve(demand("c"));
  expect(calls).toEqual([["a"]]);
  answers[0]?.([null]);
  expect(await first).toBeNull();
  expect(places.holds("t", "a")).toBe(true);
  expect(calls).toEqual([["a"], ["b", "c"]]);
  answers[1]?.([null, FULL]);
  expect([await second, await third]).toEqual([null, FULL]);
  expect(places.holds("t", "c")).toBe(false);
  places.done(demand("a"), true);
  places.done(demand("b"), false);
  expect([places.holds("t", "a"), places.holds("t", "b")]).toEqual([false, false]);
  expect(givenBack).toEqual(["b"]);
});

test("while the store is away a start fails, and the next one is asked for again", async () => {
  const { places, calls, answers } = port();
  const first = places.reserve(demand("a"));
  answers[0]?.(new Error("store_unavailable"));
  await expect(first).rejects.toThrow("store_unavailable");
  const second = places.reserve(demand("a"));
  answers[1]?.([null]);
  expect(await second).toBeNull();
  expect(calls).toHaveLength(2);
});
