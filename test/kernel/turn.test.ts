/** One turn: what it counts, which values it hands on to be kept, and when it has done enough (turn.ts). */
import { describe, expect, test } from "vitest";
import { TURN_EVALUATIONS_MAX, TURN_SIZE_MAX } from "#kernel/decision.ts";
import type { RunEvent } from "#kernel/events.ts";
import { newState } from "#kernel/state.ts";
import { emit, isSpent, newTurn, type Turn } from "#kernel/turn.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

interface Put {
  readonly seq: number;
  readonly field: string;
  readonly value: unknown;
}

function turnOf(exhausted = false): { readonly turn: Turn; readonly puts: Put[] } {
  const puts: Put[] = [];
  const plan = planOf({ steps: [{ id: "a", uses: "work" }] });
  const turn = newTurn(newState("run_test", plan), {
    nowMs: 1_000,
    values: {
      get: () => null,
      put: (seq, field, value) => puts.push({ seq, field, value }),
    },
    pure: () => "later",
    validate: () => null,
    random: () => 0,
    exhausted: () => exhausted,
  });
  return { turn, puts };
}

/** Text of so many characters of JSON. */
const text = (size: number) => "x".repeat(size - 2);

/** An event with this input; `more` replaces fields of it. */
function queued(input: unknown): RunEvent {
  return {
    ...{ type: "run.queued", semantics: 1, workflow: "test", version: 1, planHash: "", input },
    ...{ labels: {}, priority: 5, by: "test" },
  } as unknown as RunEvent;
}

describe("a turn", () => {
  test("begins with nothing, and with what was asked applied", () => {
    expect(turnOf().turn).toMatchObject({
      ...{ events: [], sends: [], needs: [], compute: [] },
      ...{ packed: 0, evaluations: 0, size: 0 },
      ...{ applied: true, refusal: null, again: false },
    });
  });

  test("counts each event, and its values by their size", () => {
    const { turn, puts } = turnOf();
    emit(turn, { type: "run.admitted" } as RunEvent);
    expect(turn.size).toBe(100);
    const other = turnOf();
    emit(other.turn, queued(text(256)));
    expect([other.turn.size, other.puts]).toEqual([356, []]);
    expect(puts).toEqual([]);
    for (const nothing of [undefined, null]) {
      const { turn } = turnOf();
      emit(turn, queued(nothing));
      expect(turn.size).toBe(100);
    }
  });

  test("hands on a value that is too long for its reference, under the event's number", () => {
    const { turn, puts } = turnOf();
    emit(turn, queued(text(257)));
    expect(puts).toEqual([{ seq: 1, field: "input", value: text(257) }]);
    // Once for the reference, once for what is kept.
    expect(turn.size).toBe(100 + 2 * 257);
    expect(turn.events).toHaveLength(1);
    expect(turn.state.seq).toBe(1);
  });

  test.each<[string, (turn: Turn) => void, boolean]>([
    ["nothing", () => {}, false],
    [
      "one evaluation less than the most",
      (turn) => {
        turn.evaluations = TURN_EVALUATIONS_MAX - 1;
      },
      false,
    ],
    [
      "as many evaluations as may be",
      (turn) => {
        turn.evaluations = TURN_EVALUATIONS_MAX;
      },
      true,
    ],
    [
      "a little less than the most",
      (turn) => {
        turn.size = TURN_SIZE_MAX - 1;
      },
      false,
    ],
    [
      "as much as may be",
      (turn) => {
        turn.size = TURN_SIZE_MAX;
      },
      true,
    ],
  ])("that has done %s", (_name, change, spent) => {
    const { turn } = turnOf();
    change(turn);
    expect(isSpent(turn)).toBe(spent);
  });

  test("whose time is over is spent", () => {
    expect(isSpent(turnOf(true).turn)).toBe(true);
  });
});

test("a long list of steps takes several turns, each as long as it may be", () => {
  const steps = Array.from({ length: 2_500 }, (_, at) => ({
    ...{ id: `s${at}`, uses: "value", needs: [] },
  }));
  const driver = new KernelDriver(planOf({ steps })).start();
  expect([driver.more, driver.story().length]).toEqual([true, 1_000]);
  driver.give({ kind: "continue" });
  expect([driver.more, driver.story().length]).toEqual([true, 2_000]);
  driver.settle();
  expect([driver.more, driver.state.terminal]).toEqual([false, "succeeded"]);
});

/** What a first turn hands on to be kept. */
function putsOf(step: object, input: unknown): readonly (readonly [string, unknown])[] {
  const puts: [string, unknown][] = [];
  const get = () => 1;
  const put = (_: number, field: string, value: unknown) => void puts.push([field, value]);
  const world = { values: { get, put } };
  new KernelDriver(planOf({ steps: [step as never] }), { world }).start(input);
  return puts;
}

test("items and keys are kept whatever their size: references name them by position", () => {
  const step = { id: "each", uses: "for_each", with: { items: "${{ input }}" } };
  const steps = [{ id: "w", uses: "work" }];
  expect(putsOf({ ...step, steps }, { a: 1, b: 2 })).toEqual([
    ["values", [1, 2]],
    ["keys", ["a", "b"]],
  ]);
});

test("carried values are kept one by one", () => {
  const carry = { long: text(300), short: 1 };
  const step = { id: "loop", uses: "while", steps: [{ id: "w", uses: "work" }] };
  const settings = { condition: "true", maxIterations: 9, carry };
  expect(putsOf({ ...step, with: settings }, {})).toEqual([
    ["carry.long", text(300)],
    ["carry.short", 1],
  ]);
});
