/** Sagas on the bare kernel: what is undone, in which order, with what in sight, and how runs end. */
import { describe, expect, test } from "vitest";
import { restoreState, saveState } from "#kernel/checkpoint.ts";
import { idempotencyKey } from "#kernel/derive-id.ts";
import { explainRun } from "#kernel/explain.ts";
import type { AttemptOutcome } from "#kernel/inputs.ts";
import type { Step } from "#workflow/definition.ts";
import { formatPath, parsePath } from "#workflow/path.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const work = (id: string, of: unknown = id, rest: Partial<Step> = {}): Step => ({
  id,
  uses: "work",
  with: { value: of },
  ...rest,
});
/** An effect with an effect that undoes it, which is told what it undoes. */
const booked = (id: string, rest: Partial<Step> = {}): Step =>
  work(id, id, {
    compensate: [
      work(`undo_${id}`, {
        output: "${{ output }}",
        outcome: "${{ outcome }}",
        key: "${{ idempotencyKey }}",
      }),
    ],
    ...rest,
  });
const boom: Step = { id: "boom", uses: "boom" };
const saga = (id: string, steps: readonly Step[], rest: Partial<Step> = {}): Step => ({
  id,
  uses: "saga",
  steps,
  ...rest,
});

function start(steps: readonly Step[], more: Record<string, unknown> = {}): KernelDriver {
  return new KernelDriver(planOf({ steps, ...more } as never), { paranoid: true }).start();
}

/** Paths of what was compensated, in order. */
function undone(driver: KernelDriver): (string | undefined)[] {
  return driver.journal.flatMap(({ event }) =>
    event.type === "scope.opened" && event.slot.startsWith("compensate.") ? [event.key] : [],
  );
}

const failing =
  (...paths: readonly string[]) =>
  (effect: { readonly path: string }, input: unknown): AttemptOutcome =>
    paths.some((path) => effect.path.endsWith(path))
      ? { ok: false, error: { code: "http.500", message: "no", retryable: false } }
      : { ok: true, output: input };

/** Performs everything but the attempt that hangs. */
function settleBut(driver: KernelDriver, hanging: string, work: typeof echoing): void {
  for (;;) {
    const next = [...driver.effects.values()].find(
      (effect) =>
        effect.kind === "admit" || (effect.kind === "attempt" && !effect.path.endsWith(hanging)),
    );
    if (next === undefined) return;
    driver.perform(next, work);
  }
}

const echoing = failing();

describe("a saga that fails", () => {
  test("undoes what has run, last one first, and fails with the body's error", () => {
    const driver = start([saga("trip", [booked("flight"), booked("hotel"), booked("car"), boom])]);
    driver.settle();
    expect(undone(driver)).toEqual(["trip.car", "trip.hotel", "trip.flight"]);
    expect(driver.state.error).toMatchObject({ code: "failed", path: "trip" });
    expect(driver.state.terminal).toBe("failed");
  });

  test("hands output, outcome and the step's idempotency key to the compensation", () => {
    const driver = start([saga("trip", [booked("hotel"), boom])]).settle();
    const path = 'trip.compensate["trip.hotel"].undo_hotel';
    expect(parsePath(path) && formatPath(parsePath(path) ?? [])).toBe(path);
    const input = driver.journal.find(
      ({ event }) => event.type === "step.scheduled" && event.path === path,
    )?.event as { input: unknown } | undefined;
    expect(input?.input).toEqual({
      value: {
        output: { value: "hotel" },
        outcome: "succeeded",
        key: idempotencyKey("run_test", "trip.hotel"),
      },
    });
  });

  test("undoes nothing that failed by itself, and nothing that never began", () => {
    const driver = start([saga("trip", [booked("a"), booked("b"), booked("c")])]);
    driver.settle(failing("trip.b"));
    expect(undone(driver)).toEqual(["trip.a"]);
  });

  test("undoes nothing when it succeeds", () => {
    const driver = start([saga("trip", [booked("a")], { output: "${{ steps.a.output.value }}" })]);
    expect(driver.settle().output()).toBe("a");
    expect(undone(driver)).toEqual([]);
  });

  test("undoes items of loops, branches, blocks and inner sagas in reverse order of completion", () => {
    const driver = start(
      [
        saga("outer", [
          {
            id: "legs",
            uses: "for_each",
            with: { items: [1, 2], concurrency: 1, as: "leg" },
            steps: [
              booked("book", {
                compensate: [work("undo", "${{ leg + ' ' + steps.before.output.value }}")],
                with: { value: "${{ steps.before.output.value }}" },
              }),
            ],
          },
          saga("inner", [booked("x")]),
          {
            id: "p",
            uses: "parallel",
            branches: { left: { steps: [booked("l")] }, right: { steps: [booked("r")] } },
          },
          boom,
        ]),
      ].toSpliced(0, 0, work("before", "b")),
    );
    driver.settle();
    expect(undone(driver)).toEqual([
      "outer.p.right.r",
      "outer.p.left.l",
      "outer.inner.x",
      "outer.legs[1].book",
      "outer.legs[0].book",
    ]);
    const inputs = driver.journal.flatMap(({ event }) =>
      event.type === "step.scheduled" && event.path.endsWith(".undo") ? [event.input] : [],
    );
    expect(inputs).toEqual([{ value: "2 b" }, { value: "1 b" }]);
  });

  test("an inner saga that fails is undone once, by itself", () => {
    const driver = start([
      saga("outer", [
        booked("a"),
        saga("inner", [booked("b"), boom], { onError: "continue" }),
        work("c"),
        { id: "late", uses: "boom" },
      ]),
    ]).settle();
    expect(undone(driver)).toEqual(["outer.inner.b", "outer.a"]);
  });

  test("retry begins again after what the attempt did is undone", () => {
    const driver = start([
      saga("trip", [booked("a"), work("pay")], {
        retry: { attempts: 2, initial: "1s", errors: ["*"] },
      }),
    ]);
    driver.settle(failing("trip.pay"));
    expect(undone(driver)).toEqual(["trip.a"]);
    driver.fireNext().settle();
    expect(driver.state.terminal).toBe("succeeded");
    expect(driver.story()).toContain("succeeded trip#2.a");
    expect(undone(driver)).toHaveLength(1);
  });

  test("each attempt of a block and each pass of a loop is undone by itself", () => {
    const driver = start([
      saga("s", [
        {
          id: "loop",
          uses: "while",
          with: { condition: "carry.n < 2", maxIterations: 3, carry: { n: 0 } },
          update: { n: "${{ carry.n + 1 }}" },
          steps: [booked("x", { compensate: [work("undo", "${{ carry.n }}")] })],
        },
        boom,
      ]),
    ]).settle();
    expect(undone(driver)).toEqual(["s.loop@1.x", "s.loop@0.x"]);
    const values = driver.journal.flatMap(({ event }) =>
      event.type === "step.scheduled" && event.path.endsWith(".undo") ? [event.input] : [],
    );
    expect(values).toEqual([{ value: 1 }, { value: 0 }]);
  });
});

describe("outcomes that nobody knows", () => {
  const outcomes = (driver: KernelDriver) =>
    driver.journal.flatMap(({ event }) =>
      event.type === "scope.opened" && event.slot.startsWith("compensate.")
        ? [`${event.key} ${JSON.stringify(event.locals?.["outcome"])}`]
        : [],
    );
  const unknown = (path: string) => `${path} {"v":"unknown"}`;

  test("a step that was aborted by a cancel is undone", () => {
    const driver = start([saga("trip", [booked("a")])]);
    driver.give({ kind: "admit", paths: ["trip.a"] });
    driver.give({ kind: "cancel", by: "t", reason: null }).settle();
    expect(outcomes(driver)).toEqual([unknown("trip.a")]);
    expect(driver.state.terminal).toBe("cancelled");
  });

  test("a step that waits for its first attempt is not", () => {
    const driver = start([saga("trip", [booked("a")])]);
    driver.give({ kind: "cancel", by: "t", reason: null }).settle();
    expect(outcomes(driver)).toEqual([]);
  });

  test("a step that timed out is undone, also when a later attempt says no", () => {
    const steps = [
      saga("trip", [booked("a", { timeout: "1s", retry: { attempts: 2, initial: "1s" } })]),
    ];
    const driver = start(steps);
    driver
      .give({ kind: "admit", paths: ["trip.a"] })
      .fireNext()
      .fireNext();
    driver.settle(failing("trip.a"));
    expect(outcomes(driver)).toEqual([unknown("trip.a")]);
    const again = start(steps);
    again
      .give({ kind: "admit", paths: ["trip.a"] })
      .fireNext()
      .fireNext()
      .settle();
    expect(again.state.terminal).toBe("succeeded");
  });

  test("a step that went silent is undone", () => {
    const driver = start([saga("trip", [booked("a", { heartbeatTimeout: "1s" })])]);
    driver
      .give({ kind: "admit", paths: ["trip.a"] })
      .fireNext()
      .settle();
    expect(driver.state.error?.code).toBe("heartbeat_timeout");
    expect(outcomes(driver)).toEqual([unknown("trip.a")]);
  });

  test.each(["fail", "skip"] as const)(
    "a step that an operator lets %s while it runs",
    (action) => {
      const driver = start([saga("trip", [booked("a"), boom])]);
      driver.give({ kind: "admit", paths: ["trip.a"] });
      driver.give({
        ...{ kind: "resolve", path: "trip.a", action, by: "me", reason: null, id: null },
        ...{ output: null, port: null, message: null },
      });
      driver.settle();
      expect(outcomes(driver)).toEqual([unknown("trip.a")]);
    },
  );

  test("a step whose host was lost three times is undone", () => {
    const driver = start([saga("trip", [booked("a")])]);
    for (let attempt = 1; attempt <= 3; attempt++) {
      driver.give({ kind: "admit", paths: ["trip.a"] });
      driver.give({ kind: "lost", path: "trip.a", attempt });
    }
    driver.settle();
    expect(driver.state.error?.code).toBe("host_lost");
    expect(outcomes(driver)).toEqual([unknown("trip.a")]);
  });

  test("a child that finished is undone by its step, one that is abandoned in the midst too", () => {
    const child = (onParentEnd: "cancel" | "abandon"): Step => ({
      id: "child",
      uses: "workflow.run",
      with: { workflow: "other", onParentEnd },
      compensate: [work("undo", "${{ output }}")],
    });
    const done = start([saga("trip", [child("cancel"), boom])]);
    const wait = done.state.steps.get("trip.child")?.live?.wait as { runId: string };
    const end = { path: "trip.child", runId: wait.runId, output: 7, error: null } as const;
    done.give({ kind: "child_finished", ...end, status: "succeeded" }).settle();
    expect(outcomes(done)).toEqual(['trip.child {"v":"succeeded"}']);
    const abandoned = start([saga("trip", [child("abandon")])]);
    abandoned.give({ kind: "cancel", by: "t", reason: null }).settle();
    expect(outcomes(abandoned)).toEqual([unknown("trip.child")]);
    const told = start([saga("trip", [child("cancel")])]);
    told.give({ kind: "cancel", by: "t", reason: null });
    told.give({ kind: "child_finished", ...end, status: "cancelled", output: null }).settle();
    expect(outcomes(told)).toEqual([]);
  });
});

describe("compensations that fail", () => {
  test("do not keep the others from running; the run fails with the list", () => {
    const driver = start([saga("trip", [booked("a"), booked("b"), booked("c"), boom])]);
    driver.settle(failing("undo_b", "undo_c"));
    expect(undone(driver)).toEqual(["trip.c", "trip.b", "trip.a"]);
    expect(driver.state.error).toMatchObject({
      code: "compensation_failed",
      details: {
        count: 2,
        failed: [
          { path: "trip.c", error: { code: "http.500", message: "no" } },
          { path: "trip.b", error: { code: "http.500", message: "no" } },
        ],
        cause: { code: "failed" },
      },
    });
  });

  test("are retried as their own policies say", () => {
    const retry = { attempts: 2, initial: "1s", errors: ["*"] };
    const driver = start([
      saga("trip", [booked("a", { compensate: [work("undo", 1, { retry })] }), boom]),
    ]);
    let calls = 0;
    driver.settle((effect, input) =>
      effect.path.endsWith("undo") && calls++ === 0
        ? failing("undo")(effect, input)
        : { ok: true, output: 1 },
    );
    driver.fireNext().settle(() => ({ ok: true, output: ++calls }));
    expect(calls).toBe(2);
    expect(driver.state.error?.code).toBe("failed");
  });

  test("end a cancelled run as failed, and are not tried again by a retry of the saga", () => {
    const driver = start([
      saga("trip", [booked("a"), work("b")], { retry: { attempts: 3, errors: ["*"] } }),
    ]);
    driver.perform([...driver.effects.values()][0] as never);
    driver.perform([...driver.effects.values()].find(({ kind }) => kind === "attempt") as never);
    driver.give({ kind: "cancel", by: "t", reason: null }).settle(failing("undo_a"));
    expect(driver.state.terminal).toBe("failed");
    expect(driver.state.error).toMatchObject({
      code: "compensation_failed",
      details: { failed: [{ path: "trip.a" }] },
    });
  });

  test("of several cancelled sagas are listed together", () => {
    const one = (id: string) =>
      saga(id, [
        booked(`${id}_step`),
        { id: `${id}_wait`, uses: "wait.for", with: { duration: "1h" } },
      ]);
    const driver = start([
      {
        id: "p",
        uses: "parallel",
        branches: { l: { steps: [one("x")] }, r: { steps: [one("y")] } },
      },
    ]).settle();
    driver
      .give({ kind: "cancel", by: "t", reason: null })
      .settle(failing("undo_x_step", "undo_y_step"));
    expect(driver.state.error).toMatchObject({
      code: "compensation_failed",
      details: { count: 2 },
    });
  });

  test("of a branch that lost the race fail the run that had nobody else to tell", () => {
    const driver = start([
      {
        id: "p",
        uses: "parallel",
        with: { join: "any" },
        branches: {
          slow: {
            steps: [
              saga("s", [booked("a"), { id: "w", uses: "wait.for", with: { duration: "1h" } }]),
            ],
          },
          fast: { steps: [{ id: "tick", uses: "wait.for", with: { duration: "1s" } }] },
        },
      },
    ]).settle();
    driver.fireNext().settle(failing("undo_a"));
    expect(driver.state.terminal).toBe("failed");
    expect(driver.state.error?.code).toBe("compensation_failed");
  });
});

describe("what ends a run", () => {
  const waiting = saga("trip", [
    booked("a"),
    { id: "w", uses: "wait.for", with: { duration: "2h" } },
  ]);

  test("cancel, a deadline and a failure elsewhere compensate; a second cancel changes nothing", () => {
    const cancelled = start([waiting], { finally: [work("last")] }).settle();
    cancelled.give({ kind: "cancel", by: "t", reason: null });
    const before = cancelled.journal.length;
    cancelled.give({ kind: "cancel", by: "t", reason: null });
    expect(cancelled.lastDecision).toMatchObject({ applied: false, events: [] });
    expect(cancelled.journal).toHaveLength(before);
    cancelled.settle();
    expect(undone(cancelled)).toEqual(["trip.a"]);
    expect(cancelled.story().at(-1)).toBe("succeeded finally.last");
    expect(cancelled.state.terminal).toBe("cancelled");

    const late = start([waiting], { deadline: "1h" }).settle().fireNext().settle();
    expect(undone(late)).toEqual(["trip.a"]);
    expect(late.state.error?.code).toBe("deadline_exceeded");

    const failed = start([{ ...waiting, needs: [] }, work("other", 1, { needs: [] })], {
      failFast: true,
    });
    failed.settle(failing("other"));
    expect(undone(failed)).toEqual(["trip.a"]);
  });

  test("stop undoes nothing; terminate ends at once", () => {
    const stopped = start([
      { ...waiting, needs: [] },
      work("b", 1, { needs: [] }),
      { id: "enough", uses: "stop", with: { output: 5 } },
    ]).settle();
    expect(undone(stopped)).toEqual([]);
    expect(stopped.output()).toBe(5);
    const ended = start([waiting], { finally: [work("last")] }).settle();
    ended.give({ kind: "terminate", by: "t", reason: null });
    expect(ended.types().at(-1)).toBe("run.cancelled");
    expect(undone(ended)).toEqual([]);
  });

  test("a saga that has failed is undone although the run stops meanwhile", () => {
    const driver = start([
      { ...saga("trip", [booked("a"), boom]), needs: [], onError: "continue" },
      { id: "gate", uses: "wait.signal", with: { name: "go" }, needs: [] },
      { id: "enough", uses: "stop", needs: ["gate"] },
    ]);
    driver.perform([...driver.effects.values()].find(({ kind }) => kind === "admit") as never);
    driver.perform([...driver.effects.values()].find(({ kind }) => kind === "attempt") as never);
    driver.give({ kind: "signal", id: "1", name: "go", key: null, payload: 1, by: "t" }).settle();
    expect(undone(driver)).toEqual(["trip.a"]);
    expect(driver.state.terminal).toBe("succeeded");
  });

  test("a cancel while compensating leaves the compensation alone", () => {
    const driver = start([saga("trip", [booked("a"), booked("b"), boom])]);
    while (undone(driver).length === 0)
      driver.perform(
        [...driver.effects.values()].find(
          ({ kind }) => kind === "admit" || kind === "attempt",
        ) as never,
      );
    expect(explainRun(driver.state, driver.nowMs).map(({ text }) => text)).toContain(
      '"trip" compensates "trip.b" (1 of 2), attempt 1',
    );
    driver.give({ kind: "cancel", by: "t", reason: null }).restart().settle();
    expect(driver.story()).not.toContain('cancel_requested trip.compensate["trip.b"].undo_b');
    expect(undone(driver)).toEqual(["trip.b", "trip.a"]);
    expect(driver.state.terminal).toBe("cancelled");
  });
});

describe("cleanupTimeout", () => {
  const hangs = { compensate: [work("undo_hangs")] };

  test("of the workflow ends a run whose cleanup does not", () => {
    const driver = start(
      [
        saga("trip", [
          booked("a"),
          work("h", 1, hangs),
          { id: "w", uses: "wait.for", with: { duration: "1h" } },
        ]),
      ],
      {
        cleanupTimeout: "2m",
        finally: [work("last")],
      },
    ).settle();
    const cancelledAt = driver.nowMs;
    driver.give({ kind: "cancel", by: "t", reason: null });
    driver.perform([...driver.effects.values()].find(({ kind }) => kind === "admit") as never);
    driver.fireNext();
    expect(driver.nowMs - cancelledAt).toBe(120_000);
    expect(driver.state.terminal).toBe("failed");
    expect(driver.state.error).toMatchObject({
      code: "cleanup_timeout",
      details: { aborted: ['trip.compensate["trip.h"].undo_hangs'] },
    });
    expect(driver.effects.size).toBe(0);
  });

  test("of the workflow names what could not be undone before it, wherever that stands", () => {
    const cutOff = (driver: KernelDriver) => {
      driver.fireNext();
      expect(driver.state.error?.code).toBe("cleanup_timeout");
      const { failed } = (driver.state.error?.details ?? {}) as { readonly failed?: unknown };
      return failed;
    };
    // A saga that is still undoing.
    const wait: Step = { id: "w", uses: "wait.for", with: { duration: "1h" } };
    const parts = { cleanupTimeout: "2m", finally: [work("last")] };
    const undoing = start(
      [saga("trip", [work("h", 1, hangs), booked("a"), booked("b"), wait])],
      parts,
    ).settle();
    undoing.give({ kind: "cancel", by: "t", reason: null });
    settleBut(undoing, "undo_hangs", failing("undo_a", "undo_b"));
    const one = (path: string) => ({ path, code: "http.500" });
    expect(cutOff(undoing)).toEqual([one("trip.b"), one("trip.a")]);
    // One that has ended, and the body of the run with it.
    const ended = start([saga("trip", [booked("a"), boom])], parts);
    settleBut(ended, "last", failing("undo_a"));
    ended.give({ kind: "cancel", by: "t", reason: null });
    expect(cutOff(ended)).toEqual([{ path: "trip", code: "compensation_failed" }]);
  });

  test("of a saga aborts its compensations, and those scopes, and fails it", () => {
    const driver = start(
      [
        saga(
          "trip",
          [
            booked("a"),
            work("h", 1, {
              compensate: [
                { id: "t", uses: "try", steps: [work("slow")], finally: [work("never")] },
              ],
            }),
            boom,
          ],
          { cleanupTimeout: "1m", retry: { attempts: 3, errors: ["*"] } },
        ),
      ],
      { finally: [work("last")] },
    );
    const slow = 'trip.compensate["trip.h"].t.slow';
    while (driver.state.steps.get(slow)?.status !== "running")
      driver.perform(
        [...driver.effects.values()].find(
          ({ kind }) => kind === "admit" || kind === "attempt",
        ) as never,
      );
    driver.fireNext().settle();
    expect(driver.story().join()).not.toContain("never");
    expect(driver.state.error).toMatchObject({ code: "cleanup_timeout", path: "trip" });
    expect(driver.story().at(-1)).toBe("succeeded finally.last");
  });

  test("of a try bounds its finally; a pause moves it", () => {
    const driver = start([
      { id: "t", uses: "try", steps: [boom], finally: [work("slow")], cleanupTimeout: "1m" },
    ]);
    const due = () =>
      [...driver.effects.values()].flatMap((effect) =>
        effect.key === "cleanup:t" && effect.kind === "timer" ? [effect.dueAtMs] : [],
      )[0];
    const before = due() ?? 0;
    driver.give({ kind: "pause", by: "t", reason: null });
    expect(due()).toBeUndefined();
    driver.nowMs += 30_000;
    driver.give({ kind: "resume", by: "t", reason: null });
    expect(due()).toBe(before + 30_000);
    driver
      .give({ kind: "admit", paths: ["t.finally.slow"] })
      .fireNext()
      .settle();
    expect(driver.state.error?.code).toBe("cleanup_timeout");
  });
});

describe("an operator decides about a saga", () => {
  const decide = (action: "complete" | "skip" | "fail") =>
    ({
      ...({ kind: "resolve", path: "trip", by: "ann", reason: "phoned", id: null } as const),
      ...{ action, output: { by: "hand" }, port: null, message: null },
    }) as const;
  const begun = () =>
    start([
      saga("trip", [booked("flight"), { id: "gate", uses: "wait.signal", with: { name: "go" } }]),
    ]).settle();

  test.each([
    ["complete", "succeeded"],
    ["skip", "skipped"],
    ["fail", "failed"],
  ] as const)("%s: what it did is undone, then it ends as decided", (action, end) => {
    const driver = begun().give(decide(action)).settle();
    expect(undone(driver)).toEqual(["trip.flight"]);
    expect(driver.story().at(-1)).toBe(`${end} trip`);
    if (action === "fail") expect(driver.state.error?.code).toBe("operator_failed");
    else expect(driver.state.terminal).toBe("succeeded");
  });

  test("while it compensates: the compensations go on, then it ends as decided", () => {
    const driver = start([saga("trip", [booked("flight"), boom])]);
    driver.give({ kind: "admit", paths: ["trip.flight"] });
    driver.give({
      ...{ kind: "result", path: "trip.flight", attempt: 1 },
      outcome: { ok: true, output: 1 },
    });
    expect(undone(driver)).toEqual(["trip.flight"]);
    driver.give(decide("complete"));
    expect(driver.state.terminal).toBeNull();
    driver.settle();
    expect(driver.story().at(-1)).toBe("succeeded trip");
  });

  test("a compensation that fails is not decided away", () => {
    const driver = begun().give(decide("complete")).settle(failing("undo_flight"));
    expect(driver.state.error?.code).toBe("compensation_failed");
  });
});

describe("many compensable items", () => {
  test("10,000 cost what one costs, in turns and in the checkpoint", () => {
    const plan = planOf({
      steps: [
        saga("all", [
          {
            id: "each",
            uses: "for_each",
            with: { items: { range: { start: 0, end: 10_000 } }, concurrency: 100, as: "n" },
            steps: [
              {
                id: "v",
                uses: "value",
                with: { value: 1 },
                compensate: [{ id: "undo", uses: "value", with: { value: "${{ n }}" } }],
              },
            ],
          },
          { id: "gate", uses: "wait.signal", with: { name: "go" } },
          boom,
        ]),
      ],
    } as never);
    const driver = new KernelDriver(plan).start();
    driver.settle();
    const saved = saveState(driver.state);
    expect(saved.length / 10_000).toBeLessThan(250);
    const restored = restoreState(saved, plan);
    if (restored === null) throw new Error("refused");
    driver.state = restored;
    driver.restart();
    driver.give({ kind: "signal", id: "1", name: "go", key: null, payload: 1, by: "t" }).settle();
    const order = undone(driver);
    expect(order).toHaveLength(10_000);
    expect(order[0]).toBe("all.each[9999].v");
    expect(order.at(-1)).toBe("all.each[0].v");
  });
});
