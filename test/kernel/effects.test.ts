/** What the world must do for a run, in each status of its steps: every effect with every field. */
import { describe, expect, test } from "vitest";
import type { Input } from "#kernel/inputs.ts";
import { pending } from "#kernel/pending.ts";
import type { Step } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const NOW = 1_000_000;
const SECOND = 1_000;

function run(step: Record<string, unknown>, more: Record<string, unknown> = {}): KernelDriver {
  const steps = [{ id: "a", uses: "work", with: { value: 1 }, ...step }] as unknown as Step[];
  return new KernelDriver(planOf({ steps, ...more } as never), { paranoid: true }).start();
}

function effects(driver: KernelDriver) {
  const { effects: all } = pending(driver.state);
  // decide() has told the very same, one by one.
  expect([...driver.effects.values()]).toEqual(expect.arrayContaining([...all]));
  return all;
}

const timer = (key: string, dueAtMs: number) => ({ kind: "timer", key, dueAtMs });
const who = { by: "ann", reason: null };
const pause: Input = { kind: "pause", ...who };
const resume: Input = { kind: "resume", ...who };
const cancel: Input = { kind: "cancel", ...who };
const admitA: Input = { kind: "admit", paths: ["a"] };

const ADMIT = {
  kind: "admit",
  key: "admit:a#1",
  path: "a",
  uses: "work",
  attempt: 1,
  priority: 5,
  rank: expect.any(Number),
  memo: null,
  input: { v: { value: 1 } },
  secrets: null,
  gates: null,
  lostInARow: 0,
  sinceMs: NOW,
  deadlineAtMs: null,
};

const ATTEMPT = {
  kind: "attempt",
  key: "attempt:a#1",
  path: "a",
  uses: "work",
  attempt: 1,
  input: { v: { value: 1 } },
  secrets: null,
  lastHeartbeat: { v: null },
  timeoutAtMs: null,
  gates: null,
  middleware: null,
};

describe("an attempt", () => {
  test("asks for admission, but not while the run is paused", () => {
    const driver = run({ priority: 8 });
    expect(effects(driver)).toEqual([{ ...ADMIT, priority: 8 }]);
    driver.give(pause);
    expect(effects(driver)).toEqual([]);
    driver.give(resume);
    expect(effects(driver)).toEqual([{ ...ADMIT, priority: 8 }]);
  });

  test("has the earlier of the step's deadline and the run's", () => {
    const until = (step: object, more: object) => {
      const all = effects(run(step as never, more as never));
      return [
        all.flatMap((effect) => (effect.kind === "admit" ? [effect.deadlineAtMs] : [])),
        all.flatMap((effect) => (effect.kind === "timer" ? [[effect.key, effect.dueAtMs]] : [])),
      ];
    };
    expect(until({ deadline: "10s" }, {})).toEqual([
      [NOW + 10 * SECOND],
      [["deadline:a", NOW + 10 * SECOND]],
    ]);
    expect(until({}, { deadline: "5s" })).toEqual([
      [NOW + 5 * SECOND],
      [["deadline", NOW + 5 * SECOND]],
    ]);
    expect(until({ deadline: "10s" }, { deadline: "5s" })[0]).toEqual([NOW + 5 * SECOND]);
    expect(until({ deadline: "3s" }, { deadline: "5s" })[0]).toEqual([NOW + 3 * SECOND]);
  });

  test("runs, alone or with its timers", () => {
    const plain = run({});
    plain.give(admitA);
    expect(effects(plain)).toEqual([ATTEMPT]);
    const timed = run({ timeout: "10s", heartbeatTimeout: "2s", deadline: "1m" });
    timed.give(admitA);
    expect(effects(timed)).toEqual([
      { ...ATTEMPT, timeoutAtMs: NOW + 10 * SECOND },
      timer("timeout:a#1", NOW + 10 * SECOND),
      timer("heartbeat:a#1", NOW + 2 * SECOND),
      timer("deadline:a", NOW + 60 * SECOND),
    ]);
    timed.nowMs += SECOND;
    timed.give({ kind: "heartbeat", path: "a", attempt: 1, value: "half", progress: null });
    expect(effects(timed)[2]).toEqual(timer("heartbeat:a#1", NOW + 3 * SECOND));
    timed.give(pause);
    expect(effects(timed).map(({ key }) => key)).toEqual([
      "attempt:a#1",
      "timeout:a#1",
      "heartbeat:a#1",
    ]);
    timed.give({ kind: "lost", path: "a", attempt: 1 });
    expect(effects(timed)).toEqual([]);
    timed.give(resume);
    expect(effects(timed)[0]).toMatchObject({ key: "admit:a#2", attempt: 2, lostInARow: 1 });
    timed.give(admitA);
    expect(effects(timed)[0]).toMatchObject({
      key: "attempt:a#2",
      lastHeartbeat: { v: "half" },
    });
  });

  test("that is told to stop is aborted, and keeps no timer of its own", () => {
    const driver = run({ timeout: "10s", heartbeatTimeout: "2s", deadline: "1m" });
    driver.give(admitA);
    driver.give(cancel);
    const [limit, abort, ...others] = effects(driver);
    expect(abort).toEqual({ kind: "abort", key: "abort:a#1", path: "a", attempt: 1 });
    expect(limit).toEqual(timer("cleanup", NOW + 600 * SECOND));
    expect(others).toEqual([]);
    driver.settle();
    expect(driver.state.terminal).toBe("cancelled");
    expect(effects(driver)).toEqual([]);
  });

  test("that failed waits for its time; a timer that fired is gone", () => {
    const driver = run({ retry: { attempts: 3, initial: "10s", jitter: "none" } });
    driver.settle(() => ({ ok: false, error: { code: "busy", message: "b", retryable: true } }));
    expect(effects(driver)).toEqual([timer("retry:a#2", NOW + 10 * SECOND)]);
    driver.give(pause);
    expect(effects(driver)).toEqual([timer("retry:a#2", NOW + 10 * SECOND)]);
    driver.fireNext();
    expect(effects(driver)).toEqual([]);
    driver.give(resume);
    expect(effects(driver).map(({ key }) => key)).toEqual(["admit:a#2"]);
  });
});

describe("a step that waits", () => {
  test("for a time keeps its timer through a pause; its timeout and deadline rest", () => {
    const driver = run({
      uses: "wait.for",
      with: { duration: "1h" },
      timeout: "2h",
      deadline: "3h",
    });
    const hour = 3_600 * SECOND;
    expect(effects(driver)).toEqual([
      timer("wait:a", NOW + hour),
      timer("timeout:a#1", NOW + 2 * hour),
      timer("deadline:a", NOW + 3 * hour),
    ]);
    driver.give(pause);
    expect(effects(driver)).toEqual([timer("wait:a", NOW + hour)]);
    driver.nowMs += 600 * SECOND;
    driver.give(resume);
    expect(effects(driver).map((effect) => "dueAtMs" in effect && effect.dueAtMs - NOW)).toEqual([
      hour,
      2 * hour + 600 * SECOND,
      3 * hour + 600 * SECOND,
    ]);
  });

  test("for a signal or a child calls for nothing but its time limits", () => {
    expect(effects(run({ uses: "wait.signal", with: { name: "go" } }))).toEqual([]);
    expect(effects(run({ uses: "wait.signal", with: { name: "go", expires: "9s" } }))).toEqual([
      timer("wait:a", NOW + 9 * SECOND),
    ]);
    const child = run({ uses: "workflow.run", with: { workflow: "other" }, timeout: "9s" });
    expect(effects(child)).toEqual([timer("timeout:a#1", NOW + 9 * SECOND)]);
  });

  test("for the steps inside it has its timeout, until it is told to stop", () => {
    const driver = run({
      uses: "try",
      with: undefined,
      steps: [{ id: "in", uses: "work" }],
      finally: [{ id: "last", uses: "work" }],
      timeout: "9s",
      cleanupTimeout: "4s",
    });
    driver.give({ kind: "admit", paths: ["a.in"] });
    expect(
      effects(driver)
        .map(({ key }) => key)
        .sort(),
    ).toEqual(["attempt:a.in#1", "timeout:a#1"]);
    driver.give(pause);
    expect(effects(driver).map(({ key }) => key)).toEqual(["attempt:a.in#1"]);
    driver.give(resume);
    driver.give(cancel);
    expect(
      effects(driver)
        .map(({ key }) => key)
        .sort(),
    ).toContain("abort:a.in#1");
    expect(effects(driver).map(({ key }) => key)).not.toContain("timeout:a#1");
  });
});

test("a run asks for its slot, has its deadline, and what follows its end its own limit", () => {
  const plan = planOf({
    steps: [{ id: "a", uses: "work" }],
    deadline: "1m",
    finally: [{ id: "last", uses: "work" }],
  } as never);
  const driver = new KernelDriver(plan, { paranoid: true });
  driver.give({
    ...{ kind: "start", workflow: "test", version: 1, input: {}, labels: {}, priority: 3 },
    ...{ parent: null, forkedFrom: null, by: "test", trace: null, startKey: null },
  } as Input);
  expect(effects(driver)).toEqual([
    { kind: "admit_run", key: "admit_run", priority: 3, concurrency: null },
  ]);
  driver.give(pause);
  expect(effects(driver)).toEqual([]);
  driver.give(resume);
  driver.give({ kind: "admit_run" });
  expect(effects(driver).find(({ kind }) => kind === "timer")).toEqual(
    timer("deadline", NOW + 60 * SECOND),
  );
  driver.give({ kind: "timer", key: "deadline" });
  expect(driver.state.ending).toBeNull();
  driver.nowMs += 60 * SECOND;
  driver.give({ kind: "timer", key: "deadline" });
  expect(driver.state.ending?.reason).toBe("deadline");
  expect(effects(driver).find(({ kind }) => kind === "timer")).toEqual(
    timer("cleanup", NOW + 660 * SECOND),
  );
});
