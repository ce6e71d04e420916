/**
 * The runs that each release records: together they hold every field of every event (event-fields.ts). Adding one is
 * fine; what a release has recorded stays as it is.
 */
import type { StateChange, StateOperation } from "#workflow/state-operation.ts";
import { FIELD_SCENARIOS } from "./field-scenarios.ts";
import type { Scenario } from "./history.ts";
import { by, define, failing, LONG, result, succeeding, value, work } from "./scenario-parts.ts";

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "sequence",
    definition: define("sequence", {
      vars: { greeting: "Dear ${{ input.name }}", long: LONG },
      concurrency: { key: "input.name", limit: 2, whenFull: "queue" },
      steps: [
        value("text", "${{ vars.greeting }}, ${{ vars.long.length }}"),
        work("send", "${{ steps.text.output }}", {
          concurrency: { key: "'mail'", limit: 1 },
          priority: 7,
        }),
        value("off", 1, { if: "input.name == 'nobody'" }),
        value("ids", { id: "${{ uuid() }}", at: "${{ run.now }}", run: "${{ run.id }}" }),
      ],
      output: { ids: "${{ steps.ids.output }}", sent: "${{ steps.send.output.value }}" },
    }),
    play: (driver) => driver.start({ name: "Ada" }).settle(),
  },
  {
    name: "limits",
    definition: define("limits", {
      defaults: {
        rateLimit: { key: "input.name", limit: 2, per: "1s" },
        circuitBreaker: { key: "'mail'", failureThreshold: 1, resetAfter: "10s" },
      },
      steps: [
        work("call", 1, {
          retry: { attempts: 2, initial: "1s" },
          concurrency: { key: "`to-${input.name}`", limit: 3 },
        }),
        value("pure", 1),
      ],
    }),
    play(driver) {
      driver.start({ name: "Ada" });
      const asked = [...driver.effects.values()].find(({ kind }) => kind === "admit");
      if (asked !== undefined) driver.perform(asked);
      result(driver, "call", 1, failing("http.503"));
      driver.fireNext().settle();
    },
  },
  {
    name: "retries",
    definition: define("retries", {
      steps: [
        work("call", LONG, { retry: { attempts: 4, initial: "1s" }, timeout: "10s" }),
        work("fragile", 1, { onError: { fallback: "${{ steps.call.output.length }}" } }),
      ],
    }),
    play(driver) {
      driver.start().give({ kind: "admit", paths: ["call"] });
      result(driver, "call", 1, failing("http.503"));
      driver.fireNext().give({ kind: "admit", paths: ["call"] });
      driver.give({ kind: "lost", path: "call", attempt: 2 });
      driver.give({ kind: "admit", paths: ["call"] });
      driver.fireNext();
      result(driver, "call", 3, succeeding("too late"));
      driver.fireNext().give({ kind: "admit", paths: ["call"] });
      result(driver, "call", 4, succeeding(LONG));
      driver.settle(() => failing("http.404", false));
    },
  },
  {
    name: "lapsed-host",
    definition: define("lapsed-host", { steps: [work("call", 1)] }),
    play(driver) {
      driver.start().give({ kind: "admit", paths: ["call"] });
      for (const attempt of [1, 2, 3]) {
        driver.give({ kind: "lost", path: "call", attempt, hostLived: true });
        driver.give({ kind: "admit", paths: ["call"] });
      }
      driver.give({ kind: "lost", path: "call", attempt: 4 });
      driver.settle();
    },
  },
  {
    name: "secrets",
    definition: define("secrets", {
      steps: [
        work("call", { token: "Bearer ${{ secrets.TOKEN }}", list: ["${{ secrets.TOKEN }}"] }),
        work("sign", "${{ hmacSha256(secrets.KEY, input.text) }} ${{ input.text }}"),
      ],
    }),
    play: (driver) => driver.start({ text: "[secret KEY]" }).settle(),
  },
  {
    name: "memo",
    definition: define("memo", {
      defaults: { memo: { ttl: "1h", scope: "tenant" } },
      steps: [
        work("first", LONG),
        work("again", "${{ steps.first.output }}", {
          memo: { key: "input.name", scope: "workflow" },
          retry: { attempts: 2, initial: "1s" },
        }),
        work("fresh", 1, { memo: { key: "null" } }),
      ],
      output: { again: "${{ steps.again.output }}", attempts: "${{ steps.again.attempts }}" },
    }),
    play(driver) {
      driver.start({ name: "Ada" }).give({ kind: "admit", paths: ["first"] });
      result(driver, "first", 1, succeeding(LONG));
      driver.give({ kind: "admit", paths: ["again"] });
      result(driver, "again", 1, failing("http.503"));
      driver.fireNext();
      driver.give({
        kind: "memo_hit",
        path: "again",
        attempt: 2,
        key: "5f".repeat(32),
        from: { runId: "run_before", path: "again", atMs: 900_000 },
        output: LONG,
      });
      driver.settle();
    },
  },
  {
    name: "streamed",
    definition: define("streamed", {
      steps: [
        {
          id: "rows",
          uses: "for_each",
          with: { items: "${{ input.rows }}", as: "row", batch: 2 },
          steps: [value("first", "${{ row[0].index }}")],
        },
        {
          id: "none",
          uses: "for_each",
          with: { items: { $stream: { items: 0, chunk: 1 } }, collect: false },
          steps: [value("never", 1)],
        },
        {
          id: "broken",
          uses: "for_each",
          with: { items: { $stream: { items: 3, chunk: 1, fails: 2 } } },
          steps: [value("never", 1)],
          onError: "continue",
        },
      ],
      output: "${{ steps.rows.output }}",
    }),
    play(driver) {
      driver.start({ rows: { $stream: { items: 7, chunk: 3 } } });
      driver.settle();
    },
  },
  {
    name: "for-each",
    definition: define("for-each", {
      steps: [
        {
          id: "lines",
          uses: "for_each",
          with: {
            items: "${{ input.lines }}",
            as: "line",
            concurrency: 2,
            onItemError: "continue",
          },
          steps: [
            work("price", "${{ line }}", { if: "index != 1" }),
            value("twice", "${{ steps.price?.output }}"),
          ],
        },
        {
          id: "keys",
          uses: "for_each",
          with: { items: { a: 1, "b.c": 2 }, as: "entry", batch: 1 },
          steps: [value("x", "${{ index }}")],
        },
      ],
      output: "${{ steps.lines.output }}",
    }),
    play(driver) {
      driver.start({ lines: [1, 2, LONG, 4] });
      driver.settle((effect) =>
        effect.path === "lines[3].price" ? failing("user.none", false) : succeeding(LONG),
      );
    },
  },
  {
    name: "while",
    definition: define("while", {
      steps: [
        {
          id: "loop",
          uses: "while",
          with: { condition: "carry.n < 3", maxIterations: 9, carry: { n: 0, long: LONG } },
          steps: [work("next", "${{ carry.n + 1 }}")],
          update: { n: "${{ steps.next.output.value }}" },
          output: "${{ index }}",
        },
      ],
    }),
    play: (driver) => driver.start().settle(),
  },
  {
    name: "parallel",
    definition: define("parallel", {
      steps: [
        {
          id: "race",
          uses: "parallel",
          with: { join: "any" },
          branches: {
            slow: { steps: [work("s")] },
            quick: { steps: [work("q", "quick")] },
            waits: { steps: [{ id: "w", uses: "wait.for", with: { duration: "1h" } }] },
          },
        },
        {
          id: "all",
          uses: "parallel",
          branches: {
            left: { steps: [value("l", 1)] },
            right: { steps: [value("r", 2)], output: "${{ steps.r.output + 1 }}" },
          },
        },
      ],
      output: ["${{ steps.race.output }}", "${{ steps.all.output }}"],
    }),
    play(driver) {
      driver.start().give({ kind: "admit", paths: ["race.slow.s", "race.quick.q"] });
      result(driver, "race.quick.q", 1, succeeding("quick"));
      driver.settle();
    },
  },
  {
    name: "branches",
    definition: define("branches", {
      steps: [
        {
          id: "check",
          uses: "if",
          with: { condition: "input.n > 3" },
          // biome-ignore lint/suspicious/noThenProperty: the language's word
          then: [value("large", "large")],
          else: [value("small", "small")],
        },
        { id: "zone", uses: "switch", with: { value: "b" }, cases: { a: {}, b: { output: 5 } } },
        value("never", 1, { needs: ["zone.a"] }),
        { id: "bad", uses: "boom", needs: ["zone"] },
        value("instead", "${{ steps.bad.error.code }}", { needs: ["bad.error"] }),
        { id: "worse", uses: "boom", needs: ["instead"] },
        value("blocked", 1, { needs: ["worse"] }),
      ],
    }),
    play: (driver) => driver.start({ n: 5 }).settle(),
  },
  {
    name: "try",
    definition: define("try", {
      steps: [
        {
          id: "block",
          uses: "try",
          retry: { attempts: 2, initial: "1m", jitter: "none" },
          steps: [work("charge")],
          catch: [
            { errors: ["http.5xx"], output: "try later" },
            { errors: ["user.*"], steps: [value("note", "${{ error.message }}")] },
          ],
          finally: [value("release", 1)],
        },
      ],
    }),
    play: (driver) => {
      driver.start().settle(() => failing("other"));
      driver.fireNext().settle(() => failing("user.declined"));
    },
  },
  {
    name: "waits",
    definition: define("waits", {
      steps: [
        { id: "pause", uses: "wait.for", with: { duration: "1h" } },
        { id: "later", uses: "wait.until", with: { at: 9_000_000 } },
        { id: "paid", uses: "wait.signal", with: { name: "payment", key: "order-1" } },
        { id: "approve", uses: "wait.approval", with: { title: "Ship?", expires: "2d" } },
      ],
      output: { paid: "${{ steps.paid.output }}", by: "${{ steps.approve.output }}" },
    }),
    play(driver) {
      const signal = (id: string, name: string, payload: unknown) =>
        driver.give({ ...{ kind: "signal", id, name, key: "order-1", payload }, by: "bank" });
      driver.start();
      signal("1", "payment", { amount: 5, note: LONG });
      driver.give({ kind: "pause", ...by }).fireNext();
      driver.nowMs += 60_000;
      driver.give({ kind: "resume", ...by }).fireNext();
      signal("2", "payment", { amount: 6 });
      driver.give({
        ...{ kind: "approval", path: "approve", approved: true, comment: "fine", form: { n: 1 } },
        by: "ada",
      });
    },
  },
  {
    name: "children",
    definition: define("children", {
      steps: [
        { id: "first", uses: "workflow.run", with: { workflow: "other", input: { text: LONG } } },
        { id: "loose", uses: "workflow.run", with: { workflow: "other", wait: false } },
        { id: "second", uses: "workflow.run", with: { workflow: "other" }, onError: "continue" },
        value("seen", "${{ steps.second.error.code }}"),
      ],
    }),
    play(driver) {
      const end = (path: string, status: "succeeded" | "failed") => {
        const sent = driver.sends.find(({ kind }, at) => kind === "child_start" && isFor(at, path));
        return driver.give({
          ...{ kind: "child_finished", path, runId: sent?.toRunId ?? "", status, output: LONG },
          error: status === "failed" ? { code: "x", message: "no", retryable: false } : null,
        });
      };
      const isFor = (at: number, path: string) => {
        const send = driver.sends[at];
        return send?.kind === "child_start" && send.parent.path === path;
      };
      driver.start();
      end("first", "succeeded");
      end("second", "failed");
    },
  },
  {
    name: "pinned",
    definition: define("pinned", {
      steps: ["fixed", "pinned", "latest", "unknown"].map((id) => ({
        ...{ id, uses: "workflow.run" },
        with: {
          workflow: id === "unknown" ? "nobody" : "other",
          wait: false,
          ...(id === "fixed" ? { version: 1 } : id === "latest" ? { version: "latest" } : {}),
        },
      })),
    }),
    play(driver) {
      driver.give({
        ...{ kind: "start", workflow: "pinned", version: 1, input: {}, labels: {} },
        ...{ priority: null, parent: null, pins: { other: 2 }, forkedFrom: null, by: "test" },
        ...{ trace: null, startKey: null },
      });
      driver.give({ kind: "admit_run" });
    },
  },
  {
    name: "cancelled",
    definition: define("cancelled", {
      steps: [work("a", 1, { needs: [] }), work("b", 1, { needs: [] }), value("c", 1)],
      finally: [work("log", "${{ run.status }}")],
    }),
    play(driver) {
      driver.start().give({ kind: "admit", paths: ["a"] });
      driver.give({ kind: "cancel", ...by }).settle();
    },
  },
  {
    name: "deadline",
    definition: define("deadline", {
      deadline: "1h",
      steps: [work("a", 1, { deadline: "10m" }), work("b", 1, { needs: [] })],
    }),
    play(driver) {
      driver.start().give({ kind: "admit", paths: ["a", "b"] });
      driver
        .fireNext()
        .give({ kind: "result", path: "a", attempt: 1, outcome: failing("aborted") });
      driver.fireNext().settle();
    },
  },
  {
    name: "stop",
    definition: define("stop", {
      failFast: true,
      steps: [
        work("slow", 1, { needs: [] }),
        { id: "enough", uses: "stop", needs: [], with: { output: { long: LONG } } },
      ],
    }),
    play: (driver) => driver.start().settle(),
  },
  {
    name: "fail",
    definition: define("fail", {
      steps: [
        work("slow", 1, { needs: [] }),
        { id: "wrong", uses: "fail", needs: [], with: { code: "user.wrong", message: "No." } },
      ],
    }),
    play: (driver) => driver.start().settle(),
  },
  {
    name: "fail-fast",
    definition: define("fail-fast", {
      failFast: true,
      steps: [work("slow", 1, { needs: [] }), work("bad", 1, { needs: [] })],
    }),
    play(driver) {
      driver.start().give({ kind: "admit", paths: ["slow", "bad"] });
      result(driver, "bad", 1, failing("http.500", false)).settle();
    },
  },
  {
    name: "dynamic",
    definition: define("dynamic", { steps: [work("first")] }),
    dynamic: true,
    play(driver) {
      driver.start();
      driver.give({
        kind: "declare",
        scope: "",
        steps: [
          { id: "d1", uses: "value", kind: "pure", with: { value: 1 }, needs: [] },
          { id: "d2", uses: "work", kind: "effect", with: { value: 2 }, needs: ["d1"] },
        ],
      });
      driver.settle().give({ kind: "seal", scope: "" }).settle();
    },
  },
  {
    name: "labelled",
    definition: define("labelled", {
      steps: [
        { id: "go", uses: "wait.signal", with: { name: "go" } },
        value("team", "${{ labels.team }}"),
      ],
    }),
    play(driver) {
      driver.start();
      const label = { kind: "label", labelsMax: 32, ...by } as const;
      driver.give({ ...label, set: { team: "red", size: "xl" }, remove: [] });
      driver.give({ ...label, set: { team: "blue" }, remove: ["size", "none"] });
      driver.give({ ...label, set: { team: "blue" }, remove: [] });
      driver.give({ kind: "signal", id: "1", name: "go", key: null, payload: 1, by: "ada" });
      driver.settle();
    },
  },
  {
    name: "steered",
    definition: define("steered", {
      steps: [
        work("first"),
        work("urgent", 2, { priority: 9 }),
        { id: "go", uses: "wait.signal", with: { name: "go" } },
        work("last", 3, { needs: ["first", "urgent", "go"] }),
      ],
    }),
    play(driver) {
      driver.start();
      driver.give({ kind: "prioritize", priority: 8, ...by });
      driver.give({ kind: "prioritize", priority: 8, ...by });
      driver.settle();
      driver.give({ kind: "checkpoint", isPinned: true, ...by });
      driver.give({ kind: "prioritize", priority: 5, by: "ada", reason: null });
      driver.give({ kind: "checkpoint", isPinned: false, by: "ada", reason: null });
      driver.give({ kind: "signal", id: "1", name: "go", key: null, payload: 1, by: "ada" });
      driver.settle();
    },
  },
  {
    name: "operator",
    definition: define("operator", {
      steps: [
        work("call", 1, { retry: { attempts: 2, initial: "1h", jitter: "none" } }),
        {
          id: "block",
          uses: "try",
          steps: [work("inner")],
          finally: [value("release", 1)],
        },
        { id: "child", uses: "workflow.run", with: { workflow: "other" }, needs: ["call"] },
        work("late", 1, { needs: ["block", "child"] }),
        work("bad", 1, { needs: ["late"], onError: { fallback: "instead" } }),
        value("seen", "${{ steps.late.output }} ${{ steps.bad.output }}"),
      ],
    }),
    play(driver) {
      const resolve = (
        path: string,
        action: "retry" | "skip" | "complete" | "fail",
        more: { output?: unknown; id?: string } = {},
      ) => {
        const { output = null, id = null } = more;
        const message = action === "fail" ? "it will never come" : null;
        return driver.give({
          kind: "resolve",
          path,
          action,
          ...by,
          id,
          output,
          port: null,
          message,
        });
      };
      driver.start();
      resolve("late", "complete", { output: LONG, id: "op-1" });
      resolve("late", "complete", { output: LONG, id: "op-1" });
      driver.give({ kind: "admit", paths: ["call"] });
      resolve("call", "retry");
      result(driver, "call", 1, succeeding("too late"));
      driver.give({ kind: "admit", paths: ["call"] });
      result(driver, "call", 2, failing("http.503"));
      resolve("call", "retry");
      driver.give({ kind: "admit", paths: ["call"] });
      result(driver, "call", 3, succeeding("at last")).give({
        kind: "admit",
        paths: ["block.inner"],
      });
      resolve("block", "skip");
      resolve("child", "complete", { output: { id: 1 } });
      const child = driver.sends.find(({ kind }) => kind === "cancel")?.toRunId ?? "";
      driver.give({
        ...{ kind: "child_finished", path: "child", runId: child, status: "cancelled" },
        ...{ output: null, error: null },
      });
      result(driver, "block.inner", 1, failing("aborted", false));
      resolve("bad", "fail");
      driver.settle();
    },
  },
  {
    name: "heartbeats",
    definition: define("heartbeats", {
      steps: [
        work("long", 1, { heartbeatTimeout: "30s", retry: { attempts: 2, jitter: "none" } }),
        work("quiet", 1),
      ],
    }),
    play(driver) {
      const beat = (path: string, attempt: number, more: { value?: unknown }) =>
        driver.give({
          ...{ kind: "heartbeat", path, attempt, ...more },
          progress: { fraction: 0.5, note: "half" },
        });
      driver.start().give({ kind: "admit", paths: ["long"] });
      beat("long", 1, { value: { page: 7, text: LONG } });
      driver.nowMs += 20_000;
      beat("long", 1, {});
      driver.give({ kind: "lost", path: "long", attempt: 1 });
      driver.give({ kind: "admit", paths: ["long"] });
      driver.fireNext();
      beat("long", 2, { value: "too late" });
      driver.fireNext().give({ kind: "admit", paths: ["long"] });
      result(driver, "long", 3, succeeding(1));
      driver.give({ kind: "admit", paths: ["quiet"] });
      beat("quiet", 1, { value: 1 });
      driver.settle();
    },
  },
  {
    name: "rerun-terminated",
    definition: define("rerun-terminated", { steps: [work("a")] }),
    play(driver) {
      driver.give({
        ...{ kind: "start", workflow: "rerun-terminated", version: 3, input: { again: true } },
        ...{ labels: { team: "red" }, priority: 2, by: "ada", trace: null, startKey: "key-1" },
        parent: { runId: "run_parent", path: "child", depth: 2, wait: true },
        forkedFrom: { runId: "run_before", reason: "try again" },
      });
      driver.give({ kind: "admit_run" }).give({ kind: "admit", paths: ["a"] });
      driver.give({ kind: "terminate", ...by });
      result(driver, "a", 1, succeeding(1));
    },
  },
  {
    name: "saga",
    definition: define("saga", {
      cleanupTimeout: "5m",
      steps: [
        value("before", "b"),
        {
          id: "trip",
          uses: "saga",
          cleanupTimeout: "2m",
          retry: { attempts: 2, initial: "1s", errors: ["*"] },
          onError: "continue",
          steps: [
            work("hotel", LONG, {
              compensate: [work("undo", ["${{ output }}", "${{ steps.before.output }}"])],
            }),
            {
              id: "inner",
              uses: "saga",
              steps: [work("car", 1, { compensate: [work("undo", "${{ outcome }}")] })],
            },
            work("pay"),
          ],
        },
        {
          id: "last",
          uses: "saga",
          steps: [work("hangs", 1, { compensate: [work("undo", "${{ outcome }}")] })],
        },
      ],
    }),
    play(driver) {
      const pay = (effect: { readonly path: string }, input: unknown) =>
        effect.path.endsWith("pay") || effect.path === 'trip#2.compensate["trip#2.hotel"].undo'
          ? failing("http.500", false)
          : succeeding(input);
      driver.start().settle(pay);
      driver
        .fireNext()
        .settle((effect, input) =>
          effect.path === "last.hangs" ? succeeding(1) : pay(effect, input),
        );
    },
  },
  {
    name: "saga-cancelled",
    definition: define("saga-cancelled", {
      cleanupTimeout: "5m",
      steps: [
        {
          id: "trip",
          uses: "saga",
          steps: [
            work("done", 1, { compensate: [work("undo", "${{ outcome }}")] }),
            work("under_way", 1, { compensate: [work("undo", "${{ idempotencyKey }}")] }),
          ],
        },
      ],
    }),
    play(driver) {
      driver.start().give({ kind: "admit", paths: ["trip.done"] });
      result(driver, "trip.done", 1, succeeding(1)).give({
        kind: "admit",
        paths: ["trip.under_way"],
      });
      driver.give({ kind: "cancel", ...by });
      result(driver, "trip.under_way", 1, failing("aborted", false));
      // The first compensation never ends.
      driver.give({ kind: "admit", paths: ['trip.compensate["trip.under_way"].undo'] }).fireNext();
    },
  },
  {
    name: "state-steps",
    definition: define("state-steps", {
      vars: { total: 1 },
      steps: ["add", "read", "drop", "own", "late"].map((id) => work(id, 1, { needs: [] })),
      output: "${{ vars }}",
    }),
    play(driver) {
      driver.start().give({ kind: "admit", paths: ["add", "read", "drop", "own", "late"] });
      const ask = (path: string, scope: StateOperation["scope"], change: StateChange) =>
        driver.give({
          ...{ kind: "operation", path, attempt: 1 },
          operation: { scope, changes: [change], answers: "change" },
          before: scope === "run" ? null : { n: { revision: path === "add" ? 0 : 7, value: 7 } },
        });
      ask("add", "tenant", { kind: "add", name: "n", by: 1, initial: 0 });
      ask("read", "workflow", { kind: "get", name: "n", otherwise: null });
      ask("drop", "workflow", { kind: "delete", name: "n" });
      ask("own", "run", { kind: "set", name: "long", value: LONG });
      ask("late", "run", { kind: "delete", name: "total" });
      ask("add", "tenant", { kind: "add", name: "n", by: 1, initial: 0 });
    },
  },
  {
    name: "continued",
    definition: define("continued", {
      steps: [
        { id: "call", uses: "workflow.run", with: { workflow: "other" } },
        { id: "first", uses: "wait.signal", with: { name: "go" } },
        { id: "again", uses: "workflow.continue", with: { input: { text: LONG } } },
      ],
    }),
    play(driver) {
      driver.give({
        ...{ kind: "start", workflow: "continued", version: 3, input: {} },
        ...{ labels: { team: "red" }, priority: 2, by: "ada", trace: null, startKey: null },
        parent: { runId: "run_parent", path: "poll", depth: 1, wait: true },
        forkedFrom: null,
        continued: {
          ...{ fromRunId: "run_before", chainId: "run_chain", signalIds: ["s0"], fault: null },
          signals: [{ id: "s1", name: "go", key: null, payload: LONG, by: "ada" }],
        },
      });
      driver.give({ kind: "admit_run" });
      const runId = driver.sends[0]?.toRunId ?? "";
      const child = { path: "call", runId, chainId: runId };
      driver.give({ kind: "child_continued", ...child, toRunId: "run_next" });
      const signal = { name: "go", key: null, payload: { long: LONG }, by: "ada" };
      driver.give({ kind: "signal", id: "s2", ...signal });
      driver.give({ kind: "signal", id: "s0", ...signal });
      driver.give({
        ...{ kind: "child_finished", ...child, runId: "run_next", status: "succeeded" },
        ...{ output: 1, error: null },
      });
    },
  },
  ...FIELD_SCENARIOS,
];
