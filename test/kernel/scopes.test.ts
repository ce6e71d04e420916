/** Every scope and policy on the bare kernel: what is journaled, what comes out. */
import { describe, expect, test } from "vitest";
import type { Step } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

function run(steps: readonly Step[], more: Record<string, unknown> = {}, input: unknown = {}) {
  return new KernelDriver(planOf({ steps, ...more } as never), { paranoid: true }).start(input);
}
const value = (id: string, of: unknown, rest: Partial<Step> = {}): Step => ({
  id,
  uses: "value",
  with: { value: of },
  ...rest,
});
const work = (id: string, of: unknown = 1, rest: Partial<Step> = {}): Step => ({
  id,
  uses: "work",
  with: { value: of },
  ...rest,
});

describe("sequence and edges", () => {
  test("a pure list runs in one turn and gives the last output", () => {
    const driver = run([value("a", 1), value("b", "${{ steps.a.output + 1 }}")]);
    expect(driver.state.terminal).toBe("succeeded");
    expect(driver.output()).toBe(2);
  });

  test("the turn that settles a step schedules its successor", () => {
    const driver = run([work("a", 1), work("b", "${{ steps.a.output.value }}")]);
    expect(driver.story()).toEqual(["scheduled a"]);
    driver.settle();
    expect(driver.state.terminal).toBe("succeeded");
    expect(driver.output()).toEqual({ value: 1 });
  });

  test("a failure blocks what follows and fails the run with the first failure", () => {
    const driver = run([{ id: "a", uses: "boom" }, value("b", 1)]);
    expect(driver.story()).toEqual(["failed a", "blocked b"]);
    expect(driver.state.terminal).toBe("failed");
    expect(driver.state.error).toMatchObject({ code: "failed", path: "a" });
  });

  test("onError continue takes the edge; fallback gives the output", () => {
    const driver = run(
      [
        { id: "a", uses: "boom", onError: { fallback: "${{ input.x }}" } },
        value("b", "${{ steps.a.output }}"),
      ],
      {},
      { x: 7 },
    );
    expect(driver.state.terminal).toBe("succeeded");
    expect(driver.output()).toBe(7);
  });

  test("a step's own false `if` lets the list go on", () => {
    const driver = run([value("a", 1, { if: "input.on" }), value("b", 2)], {}, { on: false });
    expect(driver.story()).toEqual(["skipped a", "succeeded b"]);
  });

  test("the error port handles a failure", () => {
    const driver = run([
      { id: "a", uses: "boom" },
      value("good", 1, { needs: ["a"] }),
      value("bad", "${{ steps.a.error.code }}", { needs: ["a.error"] }),
    ]);
    expect(driver.state.terminal).toBe("succeeded");
    expect(driver.output()).toEqual({ good: null, bad: "failed" });
  });
});

describe("branches", () => {
  test("if runs then or else and has its output", () => {
    const steps: Step[] = [
      {
        id: "c",
        uses: "if",
        with: { condition: "input.n > 3" },
        // biome-ignore lint/suspicious/noThenProperty: the language's word
        then: [value("big", "big")],
        else: [value("small", "small")],
      },
    ];
    expect(run(steps, {}, { n: 5 }).output()).toBe("big");
    expect(run(steps, {}, { n: 1 }).output()).toBe("small");
  });

  test("a bare if chooses a port; a join after it runs under none_failed", () => {
    const driver = run(
      [
        { id: "c", uses: "if", with: { condition: "input.n > 3" } },
        value("yes", 1, { needs: ["c.true"] }),
        value("no", 2, { needs: ["c.false"] }),
        value("join", "${{ steps.no.output }}", {
          needs: ["yes", "no"],
          triggerRule: "none_failed",
        }),
      ],
      {},
      { n: 1 },
    );
    expect(driver.story()).toContain("skipped yes");
    expect(driver.output()).toBe(2);
  });

  test("switch takes the case that fits, else default", () => {
    const steps: Step[] = [
      {
        id: "s",
        uses: "switch",
        with: { value: "${{ input.kind }}" },
        cases: {
          a: { steps: [value("x", "A")] },
          b: { when: "value == 'bee'", steps: [value("x", "B")] },
        },
        default: { steps: [value("x", "D")] },
      },
    ];
    expect(run(steps, {}, { kind: "a" }).output()).toBe("A");
    expect(run(steps, {}, { kind: "bee" }).output()).toBe("B");
    expect(run(steps, {}, { kind: "z" }).output()).toBe("D");
  });
});

describe("for_each", () => {
  test("collects results in order, with the item's paths", () => {
    const driver = run([
      {
        id: "each",
        uses: "for_each",
        with: { items: [1, 2, 3], as: "n", concurrency: 2 },
        steps: [work("w", "${{ n * 10 }}")],
        output: "${{ steps.w.output.value + index }}",
      },
    ]);
    expect(driver.effects.size).toBe(2);
    driver.settle();
    expect(driver.output()).toEqual({ results: [10, 21, 32], succeeded: 3, failed: [] });
    expect(driver.story()).toContain("succeeded each[2].w");
  });

  test("objects give keys, ranges numbers, batches arrays", () => {
    const over = (items: unknown, rest = {}) =>
      run([
        {
          id: "e",
          uses: "for_each",
          with: { items, ...rest },
          steps: [value("v", "${{ [index, item] }}")],
        },
      ]).output();
    expect(over({ a: 1, "b.c": 2 })).toMatchObject({
      results: [
        ["a", 1],
        ["b.c", 2],
      ],
    });
    expect(over({ range: { start: 2, end: 6, step: 2 } })).toMatchObject({
      results: [
        [0, 2],
        [1, 4],
      ],
    });
    expect(over([1, 2, 3], { batch: 2 })).toMatchObject({
      results: [
        [0, [1, 2]],
        [1, [3]],
      ],
    });
    expect(over([])).toEqual({ results: [], succeeded: 0, failed: [] });
    expect(over([1, 2], { collect: false })).toEqual({ results: [], succeeded: 2, failed: [] });
  });

  test("failed items are counted with onItemError continue and fail the loop without", () => {
    const steps = (onItemError: string): Step[] => [
      {
        id: "e",
        uses: "for_each",
        with: { items: [1, 2, 3], onItemError },
        steps: [{ id: "x", uses: "boom", if: "item == 2" }],
      },
    ];
    expect(run(steps("continue")).output()).toMatchObject({ succeeded: 2, failed: [{ index: 1 }] });
    const failed = run(steps("fail"));
    expect(failed.state.terminal).toBe("failed");
    expect(failed.state.error?.message).toContain("e[1].x");
  });

  test("failFast cancels the open items and opens no more", () => {
    const driver = run([
      {
        id: "e",
        uses: "for_each",
        failFast: true,
        with: { items: [1, 2, 3, 4], concurrency: 2 },
        steps: [work("w")],
      },
    ]);
    driver.settle((effect) =>
      effect.path === "e[0].w"
        ? { ok: false, error: { code: "failed", message: "no", retryable: false } }
        : { ok: true, output: null },
    );
    expect(driver.state.terminal).toBe("failed");
    expect(driver.story()).not.toContain("scheduled e[2].w");
  });

  test("100,000 items: results in chunks, a small checkpoint at the end of the loop", () => {
    const driver = new KernelDriver(
      planOf({
        steps: [
          {
            id: "e",
            uses: "for_each",
            with: { items: { range: { start: 0, end: 100_000 } } },
            steps: [value("v", "${{ item }}")],
          },
          work("after", "${{ steps.e.output.results.length }}"),
        ],
      } as never),
    ).start();
    while (driver.more) driver.give({ kind: "continue" });
    expect(driver.effects.has("admit:after#1")).toBe(true);
    driver.verify();
    driver.settle();
    expect(driver.output()).toEqual({ value: 100_000 });
  });
});

describe("while", () => {
  test("passes carry values on", () => {
    const driver = run([
      {
        id: "loop",
        uses: "while",
        with: { condition: "carry.n < 3", maxIterations: 10, carry: { n: 0, log: [] } },
        update: { n: "${{ carry.n + 1 }}", log: "${{ [...carry.log, steps.x.output] }}" },
        steps: [value("x", "${{ index * 2 }}")],
      },
    ]);
    expect(driver.output()).toEqual({ passes: 3, carry: { n: 3, log: [0, 2, 4] }, output: 4 });
    expect(driver.story()).toContain("succeeded loop@2.x");
  });

  test("check after runs once at least; maxIterations fails", () => {
    const loop = (check: string, condition: string): Step[] => [
      {
        id: "l",
        uses: "while",
        with: { check, condition, maxIterations: 2 },
        steps: [value("x", 1)],
      },
    ];
    expect(run(loop("after", "false")).output()).toMatchObject({ passes: 1 });
    expect(run(loop("before", "false")).output()).toMatchObject({ passes: 0 });
    expect(run(loop("before", "true")).state.error?.code).toBe("max_iterations");
  });
});

describe("parallel", () => {
  const branches = { left: { steps: [work("x")] }, right: { steps: [work("x")] } };
  test("all gives every branch's output", () => {
    const driver = run([{ id: "p", uses: "parallel", branches }]).settle();
    expect(driver.output()).toEqual({ left: { value: 1 }, right: { value: 1 } });
  });

  test("any takes the first success and cancels the rest", () => {
    const driver = run([{ id: "p", uses: "parallel", with: { join: "any" }, branches }]);
    driver.give({ kind: "admit", paths: ["p.left.x", "p.right.x"] });
    driver.give({
      kind: "result",
      path: "p.right.x",
      attempt: 1,
      outcome: { ok: true, output: 5 },
    });
    expect(driver.state.terminal).toBeNull();
    expect([...driver.effects.keys()]).toEqual(["abort:p.left.x#1"]);
    driver.settle();
    expect(driver.output()).toEqual({ branch: "right", output: 5 });
    expect(driver.story()).toContain("cancelled p.left.x");
  });

  test("any fails when no branch succeeds; first takes what settles first, a failure too", () => {
    const settled = (join: string, rightOk: boolean) => {
      const driver = run([{ id: "p", uses: "parallel", with: { join }, branches }]);
      driver.give({ kind: "admit", paths: ["p.left.x", "p.right.x"] });
      const error = { code: "user.broken", message: "broken", retryable: false };
      const end = (path: string, ok: boolean) =>
        driver.give({
          ...{ kind: "result", path, attempt: 1 },
          outcome: ok ? { ok, output: 5 } : { ok, error },
        });
      end("p.right.x", rightOk);
      if (join === "any" && !rightOk) {
        expect(driver.state.terminal).toBeNull();
        end("p.left.x", false);
      }
      return driver.settle();
    };
    expect(settled("any", false).state.error?.code).toBe("user.broken");
    const lost = settled("first", false);
    expect(lost.state.error?.code).toBe("user.broken");
    expect(lost.story()).toContain("cancelled p.left.x");
    expect(settled("first", true).output()).toEqual({ branch: "right", output: 5 });
  });
});

describe("try", () => {
  test("catch sees the error; finally runs; the block is retried first", () => {
    const driver = run([
      {
        id: "t",
        uses: "try",
        retry: { attempts: 2, initial: "1s", jitter: "none" },
        steps: [{ id: "b", uses: "boom" }],
        catch: [
          { errors: ["http.*"], steps: [value("never", 0)] },
          { errors: ["failed"], steps: [value("c", "${{ error.message }}")] },
        ],
        finally: [value("f", 1)],
      },
    ]);
    expect(driver.story()).toEqual(["started t", "failed t.b", "retry_scheduled t"]);
    driver.fireNext();
    expect(driver.story().slice(3)).toEqual([
      "started t",
      "failed t#2.b",
      "succeeded t#2.catch.c",
      "succeeded t#2.finally.f",
      "succeeded t",
    ]);
    expect(driver.output()).toBe("boom");
  });

  test("cancel runs finally and then ends", () => {
    const driver = run([{ id: "t", uses: "try", steps: [work("b")], finally: [work("f")] }]);
    driver.give({ kind: "admit", paths: ["t.b"] });
    driver.give({ kind: "cancel", by: "me", reason: null });
    driver.settle();
    expect(driver.state.terminal).toBe("cancelled");
    expect(driver.story()).toContain("succeeded t.finally.f");
  });
});

describe("fail, stop, finally", () => {
  test("fail ends its scope at once", () => {
    const driver = run([
      work("slow", 1, { needs: [] }),
      { id: "f", uses: "fail", needs: [], with: { code: "user.no", message: "nope" } },
    ]);
    driver.settle();
    expect(driver.state.error).toMatchObject({ code: "user.no", message: "nope", path: "f" });
  });

  test("stop ends the run as succeeded and runs finally", () => {
    const driver = run(
      [work("slow", 1, { needs: [] }), { id: "s", uses: "stop", needs: [], with: { output: 42 } }],
      { finally: [value("f", "${{ run.status }}")] },
    );
    driver.settle();
    expect(driver.state.terminal).toBe("succeeded");
    expect(driver.output()).toBe(42);
    expect(driver.story()).toContain("succeeded finally.f");
  });

  test("finally runs after a failure and sees it", () => {
    const driver = run([{ id: "b", uses: "boom" }], {
      finally: [work("f", "${{ run.status }} ${{ steps.b.status }}")],
    });
    driver.settle((_, input) => ({ ok: true, output: input }));
    expect(driver.state.terminal).toBe("failed");
    const scheduled = driver.journal.find(({ event }) => event.type === "step.scheduled")?.event;
    expect(scheduled).toMatchObject({ input: { value: "failed failed" } });
  });
});

describe("retry, timeout, deadline", () => {
  test("attempts are counted, delays grow, the last failure fails the step", () => {
    const driver = run([
      work("w", 1, { retry: { attempts: 3, initial: "1s", factor: 2, jitter: "none" } }),
    ]);
    const refuse = () => ({
      ok: false as const,
      error: { code: "http.503", message: "x", retryable: true },
    });
    driver.settle(refuse);
    const dues = [];
    for (let i = 0; i < 2; i++) {
      const before = driver.nowMs;
      driver.fireNext();
      dues.push(driver.nowMs - before);
      driver.settle(refuse);
    }
    expect(dues).toEqual([1000, 2000]);
    expect(driver.state.terminal).toBe("failed");
    expect(driver.state.error?.code).toBe("http.503");
  });

  test("errors that are not retryable, or not listed, end the step", () => {
    const driver = run([work("w", 1, { retry: { attempts: 3, errors: ["http.5xx"] } })]);
    driver.settle(() => ({
      ok: false,
      error: { code: "http.404", message: "x", retryable: false },
    }));
    expect(driver.state.terminal).toBe("failed");
  });

  test("a timeout fails the attempt and aborts it; the late result changes nothing", () => {
    const driver = run([work("w", 1, { timeout: "5s" })]);
    driver.give({ kind: "admit", paths: ["w"] });
    driver.fireNext();
    expect(driver.state.error?.code).toBe("timeout");
    expect(driver.effects.size).toBe(0);
    driver.give({ kind: "result", path: "w", attempt: 1, outcome: { ok: true, output: 1 } });
    expect(driver.types().at(-1)).toBe("step.late_result");
    expect(driver.state.terminal).toBe("failed");
  });

  test("a step's deadline counts retries; the run's ends everything", () => {
    const driver = run([
      work("w", 1, { deadline: "3s", retry: { attempts: 9, initial: "10s", jitter: "none" } }),
    ]);
    driver.settle(() => ({ ok: false, error: { code: "x", message: "x", retryable: true } }));
    driver.fireNext();
    expect(driver.state.error?.code).toBe("deadline_exceeded");
    const whole = run([work("w")], { deadline: "1m" });
    whole.give({ kind: "admit", paths: ["w"] });
    whole.fireNext();
    whole.settle();
    expect(whole.state.error?.code).toBe("deadline_exceeded");
  });

  test("three lost attempts in a row fail the step; a lost one uses up no retry", () => {
    const driver = run([work("w", 1, { retry: { attempts: 2, initial: 1, jitter: "none" } })]);
    for (let attempt = 1; attempt <= 3; attempt++) {
      driver.give({ kind: "admit", paths: ["w"] });
      driver.give({ kind: "lost", path: "w", attempt });
    }
    expect(driver.state.error?.code).toBe("host_lost");
  });
});

describe("time and people", () => {
  test("wait.for waits; pause keeps what fired until resume", () => {
    const driver = run([{ id: "w", uses: "wait.for", with: { duration: "1h" } }, value("v", 1)]);
    driver.give({ kind: "pause", by: "me", reason: null });
    driver.fireNext();
    expect(driver.types().at(-1)).toBe("timer.fired");
    expect(driver.state.terminal).toBeNull();
    driver.give({ kind: "resume", by: "me", reason: null });
    expect(driver.state.terminal).toBe("succeeded");
  });

  test("a pause moves deadlines by its length", () => {
    const driver = run([work("w", 1, { deadline: "10s" })]);
    driver.give({ kind: "pause", by: "me", reason: null });
    driver.nowMs += 60_000;
    driver.give({ kind: "resume", by: "me", reason: null });
    const timer = driver.effects.get("deadline:w");
    expect(timer).toMatchObject({ dueAtMs: 1_000_000 + 10_000 + 60_000 });
  });

  test("a child that is tried again keeps what a pause added to its deadline", () => {
    const retry = { attempts: 2, initial: "1s", jitter: "none" } as const;
    const driver = run([
      { id: "c", uses: "workflow.run", with: { workflow: "w" }, deadline: "10s", retry },
    ]);
    const wait = driver.state.steps.get("c")?.live?.wait as { readonly runId: string };
    driver.give({
      ...{ kind: "child_finished", path: "c", runId: wait.runId, status: "failed" },
      ...{ output: null, error: null },
    });
    driver.give({ kind: "pause", by: "me", reason: null });
    driver.nowMs += 60_000;
    driver.give({ kind: "resume", by: "me", reason: null });
    driver.fireNext();
    const timer = driver.effects.get("deadline:c");
    expect(timer).toMatchObject({ dueAtMs: 1_000_000 + 10_000 + 60_000 });
  });

  const signal = (id: string, payload: unknown, key: string | null = null) =>
    ({ kind: "signal", id, name: "go", key, payload, by: "me" }) as const;

  test("signals are buffered, applied once, matched by key, oldest first", () => {
    const driver = run([
      work("first"),
      { id: "a", uses: "wait.signal", with: { name: "go", key: "k" } },
      { id: "b", uses: "wait.signal", with: { name: "go", key: "k" } },
    ]);
    driver.give(signal("1", "one", "k"));
    driver.give(signal("1", "again", "k"));
    expect(driver.lastDecision?.applied).toBe(false);
    driver.give(signal("2", "other", "z"));
    driver.give(signal("3", "two", "k"));
    driver.settle();
    expect(driver.output()).toBe("two");
    expect(driver.types()).toContain("signal.unconsumed");
  });

  test("a signal that does not fit is refused, journaled, and the wait stays open", () => {
    const driver = run([
      { id: "a", uses: "wait.signal", with: { name: "go", schema: { type: "number" } } },
    ]);
    driver.give(signal("1", "text"));
    expect(driver.lastDecision?.refusal?.code).toBe("signal_invalid");
    driver.give(signal("2", 5));
    expect(driver.output()).toBe(5);
  });

  test("a wait that is tried again takes a signal only while it waits", () => {
    const driver = run([
      {
        id: "a",
        uses: "wait.signal",
        retry: { attempts: 2, initial: "1m", errors: ["*"] },
        with: { name: "go", expires: "10s" },
      },
      value("seen", "${{ steps.a.error }}"),
    ]);
    driver.fireNext().give(signal("1", "early"));
    expect(driver.state.terminal).toBeNull();
    driver.fireNext();
    expect(driver.state.terminal).toBe("succeeded");
    expect(driver.output()).toBeNull();
  });

  test("approval: approve, reject, expire, and their ports", () => {
    const steps = (extra: Step[] = []): Step[] => [
      { id: "a", uses: "wait.approval", with: { title: "ok?", expires: "1h" } },
      ...extra,
    ];
    const decision = (approved: boolean) =>
      ({ kind: "approval", path: "a", approved, comment: null, form: null, by: "me" }) as const;
    expect(run(steps()).give(decision(true)).output()).toMatchObject({ approved: true, by: "me" });
    expect(run(steps()).give(decision(false)).state.error?.code).toBe("approval_rejected");
    expect(run(steps()).fireNext().state.error?.code).toBe("approval_expired");
    const port = run(
      steps([
        value("no", 1, { needs: ["a.rejected"] }),
        value("yes", 2, { needs: ["a.approved"] }),
      ]),
    );
    expect(port.give(decision(false)).output()).toEqual({ no: 1, yes: null });
  });
});

describe("children", () => {
  test("a child's output comes back; cancel asks the child to stop and waits for it", () => {
    const steps: Step[] = [
      { id: "c", uses: "workflow.run", with: { workflow: "other", input: { x: 1 } } },
    ];
    const driver = run(steps);
    expect(driver.sends).toMatchObject([
      { kind: "child_start", workflow: "other", input: { x: 1 } },
    ]);
    const runId = driver.sends[0]?.toRunId ?? "";
    const end = (status: "succeeded" | "cancelled") =>
      ({ kind: "child_finished", path: "c", runId, status, output: 9, error: null }) as const;
    expect(run(steps).give(end("succeeded")).output()).toBe(9);
    driver.give({ kind: "cancel", by: "me", reason: null });
    expect(driver.sends.at(-1)).toMatchObject({ kind: "cancel", toRunId: runId });
    expect(driver.state.terminal).toBeNull();
    driver.give(end("cancelled"));
    expect(driver.state.terminal).toBe("cancelled");
  });
});

describe("children that nobody waits for", () => {
  const parent = (onParentEnd: "cancel" | "abandon") =>
    run([
      { id: "c", uses: "workflow.run", with: { workflow: "other", wait: false, onParentEnd } },
      work("w"),
    ]);

  test("are told to stop when their parent ends, also after a restart", () => {
    const driver = parent("cancel").restart().settle();
    expect(driver.state.terminal).toBe("succeeded");
    const [started, stopped] = driver.sends;
    expect(stopped).toMatchObject({ kind: "cancel", toRunId: started?.toRunId });
  });

  test("go on when they are abandoned", () => {
    expect(
      parent("abandon")
        .settle()
        .sends.map(({ kind }) => kind),
    ).toEqual(["child_start"]);
  });
});

describe("control", () => {
  test("terminate ends at once; everything pending stops", () => {
    const driver = run([
      work("a", 1, { needs: [] }),
      { id: "w", uses: "wait.for", needs: [], with: { duration: "1h" } },
    ]);
    driver.give({ kind: "admit", paths: ["a"] });
    driver.give({ kind: "terminate", by: "me", reason: "now" });
    expect(driver.state.terminal).toBe("cancelled");
    expect(driver.effects.size).toBe(0);
  });

  test("a second cancel changes nothing; cancel ends a pause", () => {
    const driver = run([work("a")]);
    driver.give({ kind: "pause", by: "me", reason: null });
    driver.give({ kind: "cancel", by: "me", reason: null });
    expect(driver.state.terminal).toBe("cancelled");
    driver.give({ kind: "cancel", by: "me", reason: null });
    expect(driver.lastDecision?.refusal?.code).toBe("run_terminal");
  });
});

describe("limits on steps with inner scopes", () => {
  test("a deadline stops the block, runs its finally and fails the step", () => {
    const driver = run([
      { id: "t", uses: "try", deadline: "5s", steps: [work("b")], finally: [value("f", 1)] },
    ]);
    driver.give({ kind: "admit", paths: ["t.b"] });
    driver.fireNext().settle();
    expect(driver.state.error).toMatchObject({ code: "deadline_exceeded", path: "t" });
    expect(driver.story()).toContain("succeeded t.finally.f");
  });

  test("a timeout ends one attempt of the block; its retry begins anew", () => {
    const driver = run([
      {
        id: "e",
        uses: "for_each",
        timeout: "5s",
        retry: { attempts: 2, initial: "1s", jitter: "none" },
        with: { items: [1] },
        steps: [work("w")],
      },
    ]);
    driver.give({ kind: "admit", paths: ["e[0].w"] });
    driver.fireNext();
    expect(driver.story()).toContain("cancel_requested e");
    driver.settle();
    expect(driver.story().at(-1)).toBe("retry_scheduled e");
    driver.fireNext().settle();
    expect(driver.story()).toContain("succeeded e#2[0].w");
    expect(driver.state.terminal).toBe("succeeded");
  });

  test("a timeout on a wait fails it; on a child it stops the child first", () => {
    const waits = run([{ id: "s", uses: "wait.signal", timeout: "5s", with: { name: "go" } }]);
    expect(waits.fireNext().state.error?.code).toBe("timeout");
    const parent = run([{ id: "c", uses: "workflow.run", timeout: "5s", with: { workflow: "x" } }]);
    const runId = parent.sends[0]?.toRunId ?? "";
    parent.fireNext();
    expect(parent.sends.at(-1)?.kind).toBe("cancel");
    const status = "cancelled" as const;
    parent.give({ kind: "child_finished", path: "c", runId, status, output: null, error: null });
    expect(parent.state.error?.code).toBe("timeout");
  });

  test("a pause moves a block's timeout, and leaves that of a running attempt", () => {
    const driver = run([
      { id: "t", uses: "try", timeout: "10s", steps: [work("b", 1, { timeout: "10s" })] },
    ]);
    driver.give({ kind: "admit", paths: ["t.b"] });
    driver.give({ kind: "pause", by: "me", reason: null });
    expect([...driver.effects.keys()]).toEqual(["attempt:t.b#1", "timeout:t.b#1"]);
    driver.nowMs += 4_000;
    driver.give({ kind: "resume", by: "me", reason: null });
    expect(driver.effects.get("timeout:t#1")).toMatchObject({ dueAtMs: 1_000_000 + 14_000 });
    expect(driver.effects.get("timeout:t.b#1")).toMatchObject({ dueAtMs: 1_000_000 + 10_000 });
  });
});
