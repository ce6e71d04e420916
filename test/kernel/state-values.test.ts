/** What a step does to named values, once it is settled: events, answers, and what stands in the way. */
import { describe, expect, test } from "vitest";
import type { Input, SharedRoom, SharedValue } from "#kernel/inputs.ts";
import type { Json } from "#workflow/json.ts";
import type { StateChange, StateScope } from "#workflow/state-operation.ts";
import { type DriverOptions, KernelDriver, planOf } from "./kernel-driver.ts";

const LONG = "x".repeat(400);
const set = (name: string, value: Json): StateChange => ({ kind: "set", name, value });
const get = (name: string): StateChange => ({ kind: "get", name, otherwise: "none" });
const drop = (name: string): StateChange => ({ kind: "delete", name });
const held = (revision: number, value?: Json): SharedValue => ({ revision, value });

interface How {
  readonly scope?: StateScope;
  readonly before?: Readonly<Record<string, SharedValue>> | null;
  readonly room?: SharedRoom;
  readonly answers?: "change" | "values";
  readonly attempt?: number;
}

function running(
  vars: Record<string, string | number> = {},
  options: DriverOptions = {},
): KernelDriver {
  const retry = { attempts: 3 };
  const plan = planOf({ vars, steps: [{ id: "a", uses: "count", retry }] });
  const driver = new KernelDriver(plan, { paranoid: true, ...options }).start();
  return driver.give({ kind: "admit", paths: ["a"] });
}

function operation(changes: readonly StateChange[], how: How = {}): Input {
  const { scope = "run", before = null, room, answers = "change", attempt = 1 } = how;
  return {
    ...{ kind: "operation", path: "a", attempt, before },
    operation: { scope, changes, answers },
    ...(room === undefined ? {} : { room }),
  };
}

/** The events that the operation leads to, without the end of the run. */
function eventsOf(driver: KernelDriver, input: Input): readonly object[] {
  const from = driver.journal.length;
  driver.give(input);
  return driver.journal
    .slice(from)
    .map(({ event }) => event)
    .filter(({ type }) => type !== "scope.closed" && type !== "run.succeeded");
}

const succeeded = (output: unknown) => ({ type: "step.succeeded", path: "a", attempt: 1, output });

describe("values of the run", () => {
  test("are set, taken away and read; what changes nothing leaves no event", () => {
    expect(eventsOf(running(), operation([set("n", 5)]))).toEqual([
      { type: "variable.set", name: "n", value: 5, path: "a" },
      succeeded({ value: 5, previous: null, existed: false }),
    ]);
    expect(eventsOf(running({ n: 1 }), operation([set("n", 5)]))).toEqual([
      { type: "variable.set", name: "n", value: 5, path: "a" },
      succeeded({ value: 5, previous: 1, existed: true }),
    ]);
    const gone = running({ n: 1, m: 2 });
    expect(eventsOf(gone, operation([drop("n")]))).toEqual([
      { type: "variable.set", name: "n", value: null, path: "a", deleted: true },
      succeeded({ value: null, previous: 1, existed: true }),
    ]);
    expect(Object.keys(gone.state.vars)).toEqual(["m"]);
    expect(eventsOf(running({ n: 1 }), operation([get("n")]))).toEqual([
      succeeded({ value: 1, previous: 1, existed: true }),
    ]);
    expect(eventsOf(running({ n: 1 }), operation([get("toString")]))).toEqual([
      succeeded({ value: "none", previous: null, existed: false }),
    ]);
  });

  test("that are long are loaded first", () => {
    const driver = running({ n: LONG }, { lazyValues: true });
    expect(eventsOf(driver, operation([get("n"), get("m")], { answers: "values" }))).toEqual([
      succeeded({ values: { n: LONG, m: "none" } }),
    ]);
  });

  test("are a thousand at most", () => {
    const vars = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`v${at}`, at]));
    const driver = (count: number) => running(vars(count), { paranoid: false });
    expect(driver(999).give(operation([set("one", 1)])).state.terminal).toBe("succeeded");
    const full = driver(1_000);
    expect(eventsOf(full, operation([set("one", 1)]))[0]).toMatchObject({ type: "step.failed" });
    expect(full.state.error).toEqual({
      ...{ code: "limit_exceeded", retryable: false, path: "a" },
      message:
        "The run has 1000 values, and one more does not fit: delete some, or keep several in one value (of up to 65536 characters of JSON).",
    });
    expect(full.types()).not.toContain("step.retry_scheduled");
    const two = driver(999).give(operation([set("one", 1), set("two", 2)]));
    expect(two.state.error?.message).toContain(
      "The run has 1000 values, and 2 more do not fit: delete",
    );
    // One goes, one comes; what is there may change; what is read takes no room.
    for (const changes of [[drop("v0"), set("one", 1)], [set("v0", 2)], [drop("v1")], [get("x")]])
      expect(driver(1_000).give(operation(changes)).state.terminal).toBe("succeeded");
    // The run's own have no limit in bytes beside that of each value.
    const room = { names: 0, bytes: 0 };
    expect(running().give(operation([set("n", LONG)], { room })).state.terminal).toBe("succeeded");
  });
});

describe.each(["workflow", "tenant"] as const)("values of the %s", (scope) => {
  const applied = (name: string, revision: number, more: object = {}) => ({
    ...{ type: "state.applied", path: "a", scope, name, revision },
    ...more,
  });

  test("say what was seen and what is to be there", () => {
    const before = { old: held(7, 1), gone: held(3, 2), seen: held(9, 3) };
    const changes = [set("old", 4), drop("gone"), get("seen"), set("fresh", 5), drop("never")];
    const input = operation(changes, { scope, before, answers: "values" });
    // Revisions begin at the time, in thousandths of a millisecond.
    const to = 1_000_000_000;
    expect(eventsOf(running(), input)).toEqual([
      applied("old", 7, { change: "set", to, value: 4 }),
      applied("gone", 3, { change: "delete" }),
      applied("seen", 9),
      applied("fresh", 0, { change: "set", to, value: 5 }),
      applied("never", 0),
      succeeded({ values: { old: 4, gone: null, seen: 3, fresh: 5, never: null } }),
    ]);
  });

  test("grow from the revision that was seen where that is later", () => {
    const seen = 2_000_000_000;
    const input = operation([set("n", 1)], { scope, before: { n: held(seen, 0) } });
    expect(eventsOf(running(), input)[0]).toMatchObject({ revision: seen, to: seen + 1 });
    const nobody = operation([set("n", 1)], { scope, before: null });
    expect(eventsOf(running(), nobody)[0]).toMatchObject({ revision: 0, to: 1_000_000_000 });
  });

  test("need room for names and bytes", () => {
    const of = (
      changes: readonly StateChange[],
      room: SharedRoom,
      before = { n: held(1, "abc") },
    ) => running().give(operation(changes, { scope, before, room })).state;
    const Whose = `The ${scope}`;
    const most = { workflow: 16, tenant: 64 }[scope] * 1024 * 1024;
    const none = { names: 0, bytes: 1_000 };
    expect(of([set("m", 1)], none).error?.message).toBe(
      `${Whose} has 10000 values, and one more does not fit: delete some, or keep several in one value (of up to 65536 characters of JSON).`,
    );
    expect(of([set("m", "")], { names: 1, bytes: 2 }).terminal).toBe("succeeded");
    expect(of([set("n", "abcd")], none).terminal).toBe("succeeded");
    expect(of([drop("n"), set("m", 1)], none).terminal).toBe("succeeded");
    // "abc" is five characters of JSON, "abcde" seven.
    expect(of([set("n", "abcde")], { names: 0, bytes: 2 }).terminal).toBe("succeeded");
    expect(of([set("n", "abcde")], { names: 0, bytes: 1 }).error).toMatchObject({
      ...{ code: "limit_exceeded", retryable: false },
      message: `${Whose} keeps at most ${most} bytes in its values, and 2 more do not fit: delete some, or keep large values in files and their names here.`,
    });
    expect(of([set("m", "12")], { names: 1, bytes: 1 }).error?.message).toContain("and 4 more");
    // Already over the limit: what takes nothing more, or makes room, is let through.
    for (const changes of [[set("n", "xyz")], [set("n", "a")], [drop("n")], [get("m")]])
      expect(of(changes, { names: -5, bytes: -5 }).terminal).toBe("succeeded");
  });
});

describe("an operation", () => {
  test("that cannot be carried out fails the step for good, and changes nothing", () => {
    const driver = running({ n: "text" });
    const add: StateChange = { kind: "add", name: "n", by: 1, initial: 0 };
    expect(eventsOf(driver, operation([set("m", 1), add]))).toMatchObject([
      {
        ...{ type: "step.failed", path: "a" },
        error: { code: "validation_failed", retryable: false },
      },
      { type: "run.failed" },
    ]);
  });

  test("of an attempt that is over, or of a step that never was, comes late", () => {
    const driver = running();
    driver.give({ kind: "lost", path: "a", attempt: 1 }).give({ kind: "admit", paths: ["a"] });
    for (const input of [
      operation([set("n", 1)]),
      { ...operation([set("n", 1)]), path: "nowhere" } as Input,
    ]) {
      const [event, ...more] = eventsOf(driver, input);
      expect(event).toMatchObject({ type: "step.late_result", attempt: 1, ok: true });
      expect([more, driver.lastDecision?.applied]).toEqual([[], false]);
    }
    driver.give(operation([set("n", 1)], { attempt: 2 }));
    expect([driver.state.terminal, driver.lastDecision?.applied]).toEqual(["succeeded", true]);
  });

  test("of a step that was told to stop is not carried out", () => {
    const driver = running().give({ kind: "cancel", by: "t", reason: null });
    driver.give(operation([set("n", 1)]));
    expect(driver.state.terminal).toBe("cancelled");
    expect(driver.types()).not.toContain("variable.set");
  });
});
