/** What people tell a run: what is journaled of it, what changes nothing, and what is refused, to the letter. */
import { describe, expect, test } from "vitest";
import { SIGNALS_MAX } from "#kernel/decision.ts";
import type { Input } from "#kernel/inputs.ts";
import type { Step } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

function run(
  steps: readonly unknown[],
  more: Record<string, unknown> = {},
  paranoid = true,
): KernelDriver {
  const plan = planOf({ steps: steps as Step[], ...more } as never);
  return new KernelDriver(plan, { paranoid }).start();
}

const work = (id: string, more: Record<string, unknown> = {}) => ({
  ...{ id, uses: "work", with: { value: 1 } },
  ...more,
});

/** What the input was answered with, and the events of its turn. */
function told(driver: KernelDriver, input: unknown) {
  const before = driver.journal.length;
  driver.give(input as Input);
  const { applied, refusal } = driver.lastDecision ?? {};
  const events = driver.journal.slice(before).map(({ event }) => event);
  return { applied, refusal: refusal ?? null, events };
}

const nothing = { applied: false, refusal: null, events: [] };
const refused = (code: string, message: string) =>
  expect.objectContaining({ refusal: { code, message }, events: [] });
const who = { by: "ann", reason: "why" };

describe("control", () => {
  test("pause and resume are journaled once each, with who and why", () => {
    const driver = run([work("a")]);
    expect(told(driver, { kind: "resume", ...who })).toEqual(nothing);
    expect(told(driver, { kind: "pause", ...who }).events).toEqual([
      { type: "run.paused", ...who },
    ]);
    expect(told(driver, { kind: "pause", ...who })).toEqual(nothing);
    expect(told(driver, { kind: "resume", by: "ann", reason: null }).events[0]).toEqual({
      type: "run.resumed",
      by: "ann",
    });
    driver.give({ kind: "admit", paths: ["a"] });
    expect(told(driver, { kind: "cancel", ...who }).applied).toBe(true);
    expect(told(driver, { kind: "cancel", ...who })).toEqual(nothing);
    expect(told(driver, { kind: "pause", ...who })).toEqual(nothing);
  });

  test("terminate ends at once, and says so", () => {
    const driver = run([work("a")], { finally: [work("last")] });
    driver.give({ kind: "admit", paths: ["a"] });
    expect(told(driver, { kind: "terminate", ...who }).events).toEqual([
      expect.objectContaining({ type: "run.cancelled", ...who, terminated: true }),
    ]);
    expect(driver.effects.size).toBe(0);
  });

  test("labels are set and taken away together, up to the most there may be", () => {
    const driver = run([work("a")]);
    const label = (set: object, remove: readonly string[] = [], reason: string | null = null) =>
      told(driver, { kind: "label", set, remove, labelsMax: 2, by: "ann", reason });
    expect(label({ x: "1", y: "2" }, [], "why").events).toEqual([
      { type: "run.labelled", labels: { x: "1", y: "2" }, ...who },
    ]);
    expect(label({ x: "1" })).toEqual(nothing);
    expect(label({}, ["z"])).toEqual(nothing);
    expect(label({ z: "3" })).toEqual(
      refused(
        "input_invalid",
        "Run run_test would have 3 labels; at most 2 are allowed (labelsMax): remove some.",
      ),
    );
    expect(label({ z: "3" }, ["x"]).events).toEqual([
      { type: "run.labelled", labels: { y: "2", z: "3" }, by: "ann" },
    ]);
    expect(label({ y: "3" }).applied).toBe(true);
    expect(label({}, ["y", "z"]).events).toEqual([{ type: "run.labelled", labels: {}, by: "ann" }]);
    expect(driver.state.labels).toEqual({});
  });

  test("a priority holds for what asks for a slot, not for steps with one of their own", () => {
    const driver = run([work("a", { needs: [] }), work("b", { needs: [], priority: 9 })]);
    expect(told(driver, { kind: "prioritize", priority: 5, ...who })).toEqual(nothing);
    expect(told(driver, { kind: "prioritize", priority: 7, ...who }).events).toEqual([
      { type: "run.prioritized", priority: 7, ...who },
    ]);
    const asks = [...driver.effects.values()].map((effect) => [
      effect.key,
      "priority" in effect && effect.priority,
    ]);
    expect(Object.fromEntries(asks)).toEqual({ "admit:a#1": 7, "admit:b#1": 9 });
    expect(
      told(driver, { kind: "prioritize", priority: 1, by: "ann", reason: null }).events,
    ).toEqual([{ type: "run.prioritized", priority: 1, by: "ann" }]);
  });

  test("a checkpoint is journaled with who asked", () => {
    const driver = run([work("a")]);
    expect(told(driver, { kind: "checkpoint", isPinned: true, ...who }).events).toEqual([
      { type: "checkpoint.saved", isPinned: true, ...who },
    ]);
    expect(
      told(driver, { kind: "checkpoint", isPinned: false, by: "ann", reason: null }).events,
    ).toEqual([{ type: "checkpoint.saved", isPinned: false, by: "ann" }]);
  });
});

const decide = (action: string, path: string, more: Record<string, unknown> = {}) => ({
  ...{ kind: "resolve", path, action, by: "ann", reason: null, id: null },
  ...{ output: null, port: null, message: null },
  ...more,
});

describe("an operator", () => {
  test("completes, skips and fails what asks for a slot, at once", () => {
    const driver = run(
      ["a", "b", "c", "d"].map((id) => work(id, { needs: [], onError: "continue" })),
    );
    const [resolved, done] = told(
      driver,
      decide("complete", "a", { output: { x: 1 }, reason: "why", id: "i1", message: "no" }),
    ).events;
    expect(resolved).toEqual({
      ...{ type: "step.resolved", path: "a", action: "complete", ...who, id: "i1" },
      output: { x: 1 },
    });
    expect(done).toMatchObject({ type: "step.succeeded", path: "a" });
    expect(driver.value(driver.state.steps.get("a")?.output ?? { v: null })).toEqual({ x: 1 });
    expect(told(driver, decide("complete", "b", { id: "i1" }))).toEqual(nothing);
    expect(
      told(driver, decide("skip", "b", { output: 1, message: "no" })).events.slice(0, 2),
    ).toEqual([
      { type: "step.resolved", path: "b", action: "skip", by: "ann" },
      { type: "step.skipped", path: "b", by: "operator" },
    ]);
    const failed = (path: string, more: Record<string, unknown>) =>
      told(driver, decide("fail", path, more)).events[1];
    expect(failed("c", { reason: "why" })).toMatchObject({
      error: {
        code: "operator_failed",
        message: '"c" was failed by ann: why',
        retryable: false,
        details: who,
      },
    });
    expect(failed("d", { message: "so it is" })).toMatchObject({ error: { message: "so it is" } });
    expect(driver.state.resolutions).toBeNull();
    expect(driver.state.terminal).toBe("succeeded");
  });

  test("decides before a step's turn has come, once; it is forgotten when the step has settled", () => {
    const driver = run([work("a"), work("b"), work("c")]);
    expect(told(driver, decide("complete", "b", { output: 7 })).events).toEqual([
      { type: "step.resolved", path: "b", action: "complete", by: "ann", output: 7 },
    ]);
    expect(told(driver, decide("skip", "b"))).toEqual(
      refused(
        "action_refused",
        '"b" is decided already (complete); it takes effect when its turn comes.',
      ),
    );
    driver.give(decide("skip", "c") as Input);
    expect(Object.keys(driver.state.resolutions ?? {})).toEqual(["b", "c"]);
    driver.settle();
    expect(driver.state.terminal).toBe("succeeded");
    expect(driver.state.resolutions).toBeNull();
    expect(driver.story().slice(1)).toEqual([
      "resolved b",
      "resolved c",
      "started a",
      "succeeded a",
      "succeeded b",
      "skipped c",
    ]);
  });

  test("retries what runs and what waits for its next attempt", () => {
    const driver = run([work("a", { retry: { attempts: 3, initial: "1h", max: "1h" } })]);
    driver.give({ kind: "admit", paths: ["a"] });
    expect(told(driver, decide("retry", "a")).events).toEqual([
      { type: "step.resolved", path: "a", action: "retry", by: "ann", attempt: 2 },
    ]);
    expect(driver.state.steps.get("a")?.status).toBe("scheduled");
    expect(driver.state.active).toBe(1);
    driver.settle(() => ({ ok: false, error: { code: "busy", message: "b", retryable: true } }));
    expect(driver.state.steps.get("a")?.status).toBe("retrying");
    driver.give({ kind: "pause", by: "ann", reason: null });
    expect(told(driver, decide("retry", "a")).events).toEqual([
      { type: "step.resolved", path: "a", action: "retry", by: "ann", attempt: 3 },
    ]);
    expect(told(driver, decide("retry", "a"))).toEqual(nothing);
    driver.give({ kind: "resume", by: "ann", reason: null });
    expect(driver.state.steps.get("a")?.status).toBe("scheduled");
  });

  test("is refused what cannot be done, and told why", () => {
    const driver = run([
      work("a", { needs: [] }),
      work("later", { needs: ["a"] }),
      { id: "wait", uses: "wait.signal", with: { name: "go" }, needs: [] },
      { id: "boom", uses: "boom", needs: [], onError: "continue" },
      { id: "skipped", uses: "work", needs: [], if: "false" },
      { id: "person", uses: "wait.approval", with: { title: "t" }, needs: [] },
      { id: "each", uses: "for_each", needs: [], with: { items: [1] }, steps: [work("in")] },
      {
        id: "choice",
        uses: "if",
        needs: [],
        with: { condition: "${{ steps.a.output.value > 0 }}" },
      },
      { id: "yes", uses: "work", needs: ["choice.true"] },
    ]);
    const no = (input: unknown, code: string, message: string) =>
      expect(told(driver, input)).toEqual(refused(code, message));
    const retry = (path: string, why: string) =>
      no(decide("retry", path), "action_refused", `"${path}" cannot be retried now: it ${why}.`);
    no(
      decide("skip", "nowhere"),
      "step_not_found",
      'Run run_test has no open step "nowhere": it has not come into being yet, or its scope has closed.',
    );
    no(
      decide("skip", "boom"),
      "step_settled",
      '"boom" has failed already, and a settled step never changes; rerun the run to do it again.',
    );
    no(
      decide("skip", "skipped"),
      "step_settled",
      '"skipped" has been skipped already, and a settled step never changes; rerun the run to do it again.',
    );
    retry("later", "has not had its turn yet");
    retry("a", "waits for its slot already, and starts as soon as it is admitted");
    retry("wait", "waits, and has nothing to try: complete, skip or fail it instead");
    retry("each", "holds steps of its own: retry the one inside that is in trouble");
    no(
      decide("complete", "a", { port: "true" }),
      "input_invalid",
      '"a" has no ports: complete it without one.',
    );
    const ports = '"choice" must be completed with one of its ports: true, false.';
    no(decide("complete", "choice"), "input_invalid", ports);
    no(decide("complete", "choice", { port: "other" }), "input_invalid", ports);
    expect(told(driver, decide("complete", "choice", { port: "false" })).events).toEqual([
      { type: "step.resolved", path: "choice", action: "complete", by: "ann", port: "false" },
    ]);
    expect(told(driver, decide("complete", "person")).events[1]).toMatchObject({
      port: "approved",
    });
    expect(told(driver, decide("complete", "wait")).events[1]).toMatchObject({ port: "received" });
    driver.give({ kind: "admit", paths: ["a", "each[0].in"] });
    driver.give({ kind: "cancel", by: "t", reason: null });
    for (const path of ["a", "each[0].in"])
      no(decide("skip", path), "action_refused", `"${path}" was told to stop and is about to end.`);
  });

  test("decides about a step that holds others: they end first", () => {
    const driver = run([
      { id: "each", uses: "for_each", with: { items: [1, 2] }, steps: [work("in")] },
      work("after"),
    ]);
    driver.give({ kind: "admit", paths: ["each[0].in", "each[1].in"] });
    const { events } = told(driver, decide("complete", "each", { output: "by hand" }));
    expect(events.map(({ type }) => type)).toContain("step.cancel_requested");
    expect(driver.state.steps.get("each")?.status).toBe("open");
    driver.settle();
    expect(driver.story()).toContain("succeeded each");
    expect(driver.story()).not.toContain("succeeded each[0].in");
    expect(driver.state.terminal).toBe("succeeded");
  });
});

describe("signals and approvals", () => {
  const signal = (id: string, name: string, more: Record<string, unknown> = {}) => ({
    ...{ kind: "signal", id, name, key: null, payload: { n: 1 }, by: "ann" },
    ...more,
  });

  test("are taken once, buffered up to a limit, and not kept out where a wait is open", () => {
    const driver = run(
      [
        { id: "first", uses: "wait.signal", with: { name: "go" } },
        { id: "second", uses: "wait.signal", with: { name: "go", key: "k" } },
      ],
      {},
      false,
    );
    for (let n = 0; n < SIGNALS_MAX; n++) driver.give(signal(`s${n}`, "other") as Input);
    expect(driver.state.signalCount).toBe(SIGNALS_MAX);
    expect(told(driver, signal("s1", "other"))).toEqual(nothing);
    expect(told(driver, signal("more", "other"))).toEqual(
      refused(
        "signals_full",
        "Run run_test has 1000 unread signals; it takes more once some are read.",
      ),
    );
    const { events } = told(driver, signal("g1", "go"));
    expect(events.slice(0, 2)).toEqual([
      { type: "signal.received", id: "g1", name: "go", key: null, payload: { n: 1 }, by: "ann" },
      { type: "signal.consumed", id: "g1", path: "first" },
    ]);
    expect(told(driver, signal("g2", "go")).refusal?.code).toBe("signals_full");
    expect(told(driver, signal("g3", "go", { key: "k" })).events[1]).toMatchObject({
      type: "signal.consumed",
      path: "second",
    });
    expect(driver.state.terminal).toBe("succeeded");
  });

  test("that do not fit are journaled and refused; the wait stays open", () => {
    const driver = run([
      { id: "w", uses: "wait.signal", with: { name: "go", schema: { type: "string" } } },
    ]);
    const { refusal, events } = told(driver, signal("s", "go"));
    expect(refusal).toEqual({
      code: "signal_invalid",
      message: 'Signal "go" does not fit the schema of "w": is no string',
    });
    expect(events.map(({ type }) => type)).toEqual(["signal.received", "signal.unconsumed"]);
    expect(events[1]).toMatchObject({ id: "s", reason: "does not fit: is no string" });
    driver.give(signal("s2", "go", { payload: "fits" }) as Input);
    expect(driver.state.terminal).toBe("succeeded");
  });

  const approval = (path: string, approved: boolean, more: Record<string, unknown> = {}) => ({
    ...{ kind: "approval", path, approved, comment: null, form: null, by: "ann" },
    ...more,
  });

  test("an approval is decided once, by whom and with what", () => {
    const driver = run([
      { id: "p", uses: "wait.approval", with: { title: "t", form: { type: "object" } } },
      work("a"),
    ]);
    expect(told(driver, approval("nowhere", true))).toEqual(
      refused("step_not_found", 'Run run_test has no open approval at "nowhere".'),
    );
    expect(told(driver, approval("a", true))).toEqual(
      refused("not_waiting", 'Run run_test has no open approval at "a".'),
    );
    expect(told(driver, approval("p", true, { form: "text" }))).toEqual(
      refused("signal_invalid", 'The form of "p" does not fit: is no object'),
    );
    const payload = { approved: true, by: "ann", comment: "ok", form: { x: 1 } };
    expect(
      told(driver, approval("p", true, { comment: "ok", form: { x: 1 } })).events.slice(0, 3),
    ).toEqual([
      {
        type: "signal.received",
        id: "approval:p#1",
        name: "approval",
        key: "p",
        payload,
        by: "ann",
      },
      { type: "signal.consumed", id: "approval:p#1", path: "p" },
      expect.objectContaining({ type: "step.succeeded", path: "p", port: "approved" }),
    ]);
    expect(told(driver, approval("p", true)).refusal?.code).toBe("not_waiting");
  });

  test("a rejection fails the step, unless its port is needed", () => {
    const plain = run([{ id: "p", uses: "wait.approval", with: { title: "t" } }]);
    plain.give(approval("p", false) as Input);
    expect(plain.state.error).toMatchObject({
      code: "approval_rejected",
      message: '"p" was rejected by ann.',
      retryable: false,
      details: { approved: false, by: "ann", comment: null, form: null },
    });
    const commented = run([{ id: "p", uses: "wait.approval", with: { title: "t" } }]);
    commented.give(approval("p", false, { comment: "no" }) as Input);
    expect(commented.state.error?.message).toBe('"p" was rejected by ann: no');
    const ported = run([
      { id: "p", uses: "wait.approval", with: { title: "t" } },
      work("no", { needs: ["p.rejected"] }),
    ]);
    ported.give(approval("p", false) as Input);
    ported.settle();
    expect(ported.state.terminal).toBe("succeeded");
    expect(ported.story()).toContain("succeeded no");
  });
});

describe("edges that only an expression implies", () => {
  const reads = (how: string, more: Record<string, unknown> = {}) =>
    run([
      { id: "a", uses: "work", needs: [], ...more },
      { id: "b", uses: "value", with: { value: how }, needs: [] },
    ]);

  test("wait; a failed source blocks, an accepted one does not, a cancelled one skips", () => {
    const blocked = reads("${{ steps.a.output }}");
    expect(blocked.story()).toEqual(["scheduled a"]);
    blocked.settle(() => ({ ok: false, error: { code: "no", message: "no", retryable: false } }));
    expect(blocked.story().slice(-2)).toEqual(["failed a", "blocked b"]);
    const accepted = reads("${{ steps.a?.output ?? 'none' }}");
    accepted.settle(() => ({ ok: false, error: { code: "no", message: "no", retryable: false } }));
    expect(accepted.story().slice(-2)).toEqual(["failed a", "succeeded b"]);
    const skipped = reads("${{ steps.a.output }}", { if: "false" });
    expect(skipped.story()).toEqual(["skipped a", "succeeded b"]);
  });
});
