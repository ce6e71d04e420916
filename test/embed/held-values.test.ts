/**
 * A program holds on to what it has handed over (results, errors, heartbeats, inputs, payloads) and
 * to what it was handed (outputs, events, forms), and changes it later. The steps after it, whoever
 * reads the run, and the engine that opens the store next see the same: what it was when it was handed over.
 */
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import {
  defineNode,
  type Middleware,
  NodeError,
  node,
  openLockstitch,
  type WorkflowDefinition,
} from "../../src/lockstitch.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** `deep` is text: a small value stands in the state itself, a large one in the cache. */
interface Held {
  n: number;
  list: unknown[];
  inner: { deep: string };
}

function fresh(size: number): Held {
  return { n: 1, list: ["a", { b: [1] }], inner: { deep: "x".repeat(size) } };
}

/** Changes all of it that can be changed. */
function spoil(value: unknown, depth = 0): void {
  if (typeof value !== "object" || value === null || depth > 5) return;
  for (const item of Object.values(value)) spoil(item, depth + 1);
  for (const change of [
    () => Object.assign(value, { spoilt: true }),
    () => Object.assign(value, { n: Number.NaN }),
    () => Array.isArray(value) && value.push("spoilt"),
  ])
    try {
      change();
    } catch {
      // It is frozen: one of the two ways to hold it still.
    }
}

function spoilAll(values: readonly unknown[]): void {
  for (const value of values) spoil(value);
}

function definition(fields: Record<string, unknown>): WorkflowDefinition {
  return { language: 1, name: "held", ...fields } as unknown as WorkflowDefinition;
}

/** Step `a` as given; `later` reads `source` when the signal `go` has come. */
function held(name: string, a: Record<string, unknown>, source = "steps.a.output") {
  return definition({
    name,
    steps: [
      { id: "a", ...a },
      { id: "wait", uses: "wait.signal", needs: ["a"], with: { name: "go" } },
      { id: "later", uses: "data.set", needs: ["wait"], with: { value: `\${{ ${source} }}` } },
    ],
    output: "${{ steps.later.output }}",
  });
}

type Options = Parameters<typeof openLockstitch>[0];
type Nodes = NonNullable<Options["nodes"]>;
type Lockstitch = Awaited<ReturnType<typeof openLockstitch>>;

async function until(l: Lockstitch, runId: string, type: string): Promise<void> {
  for await (const event of l.events(runId)) if (event.type === type) return;
}

interface Story {
  readonly flow: WorkflowDefinition;
  /** Spoils what the program holds. */
  readonly change?: (l: Lockstitch, runId: string) => unknown;
  readonly start?: (l: Lockstitch) => Promise<{ readonly id: string }>;
}

/**
 * Two runs of each flow come to where they wait, and what the program holds is spoilt. One goes on
 * at once, one in the next process. What their later steps saw, and what readers are shown of `a`.
 */
async function told(options: Partial<Options>, stories: readonly Story[]) {
  await using directory = await temporaryDirectory();
  const opened = { data: join(directory.path, "data"), log: "error", ...options } as const;
  const runs: { readonly id: string; readonly seen: unknown[] }[] = [];
  const shown = async (l: Lockstitch, id: string) =>
    (await l.engine.state(l.context, id)).steps.find((step) => step.id === "a")?.output;
  const later = async (l: Lockstitch, id: string) => (await (await l.attach(id)).result()).output;
  {
    await using l = await openLockstitch(opened);
    for (const { flow, change, start } of stories) {
      await l.save(flow);
      for (let n = 0; n < 2; n++) {
        const { id } = await (start?.(l) ?? l.start(flow.name));
        await until(l, id, "step.waiting");
        await change?.(l, id);
        runs.push({ id, seen: [await shown(l, id)] });
        if (n > 0) continue;
        await l.signal(id, "go");
        runs.at(-1)?.seen.push(await later(l, id));
      }
    }
  }
  await using l = await openLockstitch(opened);
  for (const { id, seen } of runs) {
    seen.push(await shown(l, id));
    if (seen.length === 2) await l.signal(id, "go");
    seen.push(await later(l, id));
  }
  return runs.map(({ seen }) => seen);
}

/** Of one story: the step in both processes, what came later in one or in the other. */
function twice(step: unknown, later: unknown) {
  return [
    [step, later, step, later],
    [step, step, later],
  ];
}

/** Types of a user whose answers `kept` goes on to hold. */
function typesOf(made: () => unknown, kept: unknown[]) {
  const answer = () => {
    const value = made();
    kept.push(value);
    return value as never;
  };
  const common = { title: "T", description: "T", category: "user", icon: "dot" } as const;
  const shape = { ...common, config: z.strictObject({}), output: z.unknown() };
  const sets = (scope: "run" | "workflow") => () => {
    const changes = [{ kind: "set", name: "v", value: answer() }] as const;
    return { kind: "values", scope, answers: "change", changes } as const;
  };
  return [
    defineNode({ ...shape, type: "my.effect", pure: false, run: async () => answer() }),
    defineNode({ ...shape, type: "my.pure", pure: true, run: answer }),
    defineNode({
      ...{ ...shape, type: "my.transformed", pure: false, run: async () => null },
      output: z.unknown().transform(() => answer()),
    }),
    defineNode({ ...shape, type: "my.variable", pure: false, operation: sets("run") }),
    defineNode({ ...shape, type: "my.shared", pure: false, operation: sets("workflow") }),
  ];
}

/** The last of each: what the later step saw, in one process or the other. */
function laters(seen: readonly (readonly unknown[])[]) {
  return seen.map((each) => each.at(-1));
}

const TYPES = ["my.effect", "my.pure", "my.transformed"];

it("what nodes have answered, in the state itself and in the cache", async () => {
  const kept: unknown[] = [];
  const change = () => spoilAll(kept);
  for (const size of [1, 1_000]) {
    const stories = TYPES.map((uses, n) => ({ flow: held(`t${n}`, { uses }), change }));
    const seen = await told({ nodes: typesOf(() => fresh(size), kept) }, stories);
    expect(seen).toEqual(TYPES.flatMap(() => twice(fresh(size), fresh(size))));
  }
  expect(kept.length).toBeGreaterThanOrEqual(12);
});

it("what is set, what is large, what is frozen in part, what is computed whenever it is read", async () => {
  const kept: unknown[] = [];
  const change = () => spoilAll(kept);
  let reads = 0;
  const odd = () => {
    const inner = Object.freeze({ list: [{ deep: 1 }] });
    const proxied = new Proxy({ p: [1] }, {});
    const stubborn = new Proxy({ s: [1] }, { preventExtensions: () => false });
    kept.push(proxied, stubborn, inner);
    return {
      inner,
      proxied,
      stubborn,
      get reads() {
        return ++reads;
      },
    };
  };
  const nodes = [
    ...typesOf(() => fresh(1_000), kept),
    node("my.odd", odd as () => unknown),
    node("my.large", () => {
      const value = fresh(80_000);
      kept.push(value);
      return value;
    }),
  ];
  const vars = { v: null };
  const seen = await told({ nodes }, [
    { flow: { ...held("run", { uses: "my.variable" }, "vars.v"), vars } as never, change },
    { flow: held("shared", { uses: "my.shared" }, "steps.a.output.value"), change },
    { flow: held("large", { uses: "my.large" }, "steps.a.output.list"), change },
    { flow: held("odd", { uses: "my.odd" }), change },
  ]);
  const { list } = fresh(1);
  const values = [...Array(4).fill(fresh(1_000)), list, list];
  expect(laters(seen).slice(0, 6)).toEqual(values);
  const [first, second] = seen.slice(6).map((each) => (each[0] as { reads: number }).reads);
  const plain = { inner: { list: [{ deep: 1 }] }, proxied: { p: [1] }, stubborn: { s: [1] } };
  expect(seen.slice(6)).toEqual([
    Array(4).fill({ ...plain, reads: first }),
    Array(3).fill({ ...plain, reads: second }),
  ]);
});

it("what a middleware has answered, wherever it stands, and what it was given", async () => {
  const kept: unknown[] = [];
  const change = () => spoilAll(kept);
  const keeper: Middleware = {
    name: "keeper",
    run: async (context, _config, next) => {
      kept.push(await next());
      if (context.uses === "file.list") return kept.at(-1);
      const answer = fresh(1_000);
      kept.push(answer);
      return answer;
    },
  };
  await using files = await temporaryDirectory();
  const nodes = typesOf(() => fresh(1), kept);
  const orders = [undefined, ["keeper", "schema"], ["size", "keeper", "schema"]];
  const stories = orders.map((order, n) => ({
    flow: held(`order${n}`, {
      uses: "my.effect",
      ...(order === undefined ? {} : { middleware: order }),
    }),
    change,
  }));
  const flow = held("built-in", { uses: "file.list", with: { path: "." } });
  const seen = await told({ nodes, middleware: [keeper], fileRoot: files.path }, [
    ...stories,
    { flow, change },
  ]);
  expect(seen.slice(0, 6)).toEqual(orders.flatMap(() => twice(fresh(1_000), fresh(1_000))));
  const [listed] = seen[6] ?? [];
  expect(seen.slice(6)).toEqual(twice(listed, listed));
  expect(JSON.stringify(listed)).not.toContain("spoilt");
});

it("a raw configuration, an error's details, a heartbeat that counts up", async () => {
  const kept: Held[] = [];
  const configs: unknown[] = [];
  const again = () => new NodeError("failed", "again", { retryable: true });
  const nodes: Nodes = {
    "my.raw": (_, context) => {
      // A context has it, although its type does not say so.
      const { config } = context as unknown as { config: unknown };
      spoil(config);
      configs.push(structuredClone(config));
      throw again();
    },
    "my.fails": () => {
      const details = fresh(1_000);
      kept.push(details);
      throw new NodeError("failed", "No.", { details });
    },
    "my.beats": (_, { attempt, lastHeartbeat, heartbeat }) => {
      if (attempt > 1) return lastHeartbeat;
      const at = { row: 1, seen: ["a"] };
      heartbeat(at);
      at.row++;
      at.seen.push("b");
      throw again();
    },
  };
  const input = { value: fresh(1_000) };
  const retry = { attempts: 2, initial: "1ms" };
  const config = { value: "${{ input.value }}" };
  const seen = await told({ nodes }, [
    {
      flow: held("raw", { uses: "my.raw", with: config, retry, onError: "continue" }, "input"),
      start: (l) => l.start("raw", input),
    },
    {
      flow: held("fails", { uses: "my.fails", onError: "continue" }, "steps.a.error.details"),
      change: () => spoilAll(kept),
    },
    { flow: held("beats", { uses: "my.beats", retry }) },
  ]);
  const beat = { row: 1, seen: ["a"] };
  const values = [input, fresh(1_000), beat];
  expect(laters(seen)).toEqual(values.flatMap((value) => [value, value]));
  expect(configs).toEqual(Array(4).fill(input));
  // Not frozen: the details are the program's own, and may say more the next time.
  expect(kept[0]?.n).toBeNaN();
});

it("the input of a start, from the call on", async () => {
  const starts: Held[] = [];
  const story = (name: string, by: (flow: WorkflowDefinition) => unknown): Story => {
    const flow = held(name, { uses: "noop" }, "input");
    return {
      flow,
      start: async (l) => {
        const input = fresh(1_000);
        const starting = l.start(by(flow) as never, input as never);
        starts.push(input);
        spoil(input);
        return await starting;
      },
      change: () => spoilAll(starts),
    };
  };
  const seen = await told({}, [
    story("name", ({ name }) => name),
    story("definition", (flow) => structuredClone(flow)),
    story("saved", (flow) => flow),
  ]);
  expect(laters(seen)).toEqual(Array(6).fill(fresh(1_000)));
  // Not frozen: the next start may be with another number.
  expect(starts[0]?.n).toBeNaN();
});

it("the payload of a signal, an approval's form, an operator's output, labels, another input", async () => {
  await using directory = await temporaryDirectory();
  const options = { data: directory.path, log: "error" } as const;
  const flow = definition({
    steps: [
      { id: "signal", uses: "wait.signal", with: { name: "one" } },
      { id: "approval", uses: "wait.approval", needs: ["signal"], with: { title: "OK?" } },
      { id: "operator", uses: "wait.signal", needs: ["approval"], with: { name: "never" } },
      { id: "wait", uses: "wait.signal", needs: ["operator"], with: { name: "go" } },
    ],
    output: "${{ [input, steps.signal.output, steps.approval.output, steps.operator.output] }}",
  });
  const first = { payload: fresh(1_000), form: fresh(1_000), output: fresh(1_000) };
  const labels = { customer: "Ada" };
  const outputs: unknown[] = [];
  let id = "";
  {
    await using l = await openLockstitch(options);
    await l.save(flow);
    const { id: old } = await l.start("held", { other: 1 });
    const change = { input: fresh(1_000) };
    const repeating = l.engine.rerun(l.context, old, change);
    spoil(change);
    ({ id } = await repeating);
    const signalled = l.signal(id, "one", first.payload);
    spoil(first.payload);
    await signalled;
    const set = { ...labels };
    const labelled = l.engine.label(l.context, id, { set });
    spoil(set);
    await labelled;
    const approved = l.approve(id, "approval", { approved: true, form: first.form });
    spoil(first.form);
    await approved;
    const { output } = first;
    const resolved = l.engine.resolveStep(l.context, id, "operator", {
      action: "complete",
      output,
    });
    spoil(output);
    await resolved;
    spoil(first);
    outputs.push((await l.engine.state(l.context, id)).steps.map((step) => step.output));
  }
  await using l = await openLockstitch(options);
  outputs.push((await l.engine.state(l.context, id)).steps.map((step) => step.output));
  await l.signal(id, "go");
  const { output, labels: shown } = await (await l.attach(id)).result();
  expect(outputs[0]).toEqual(outputs[1]);
  expect(JSON.stringify([outputs, output])).not.toMatch(/spoilt|"n":null/);
  expect(JSON.stringify(output)).toContain(JSON.stringify(fresh(1_000)));
  expect(shown).toEqual(labels);
});

it("the payload of a signal that a node's code has sent", async () => {
  const payloads: Held[] = [];
  const nodes: Nodes = {
    "my.sends": async ({ to }: { to: string }, { services, tenant, idempotencyKey: id }) => {
      const payload = fresh(1_000);
      payloads.push(payload);
      const signal = { tenant, runId: to, name: "one", key: null, id };
      const sending = services.sendSignal({ ...signal, payload: payload as never });
      spoil(payload);
      await sending;
      return null;
    },
  };
  const send = { id: "send", uses: "my.sends", with: { to: "${{ input.to }}" } };
  const sender = definition({ name: "sender", steps: [send] });
  const change = async (l: Lockstitch, to: string) => {
    await l.run(sender as never, { to } as never);
    await until(l, to, "step.succeeded");
    spoilAll(payloads);
  };
  const flow = held("receiver", { uses: "wait.signal", with: { name: "one" } });
  const seen = await told({ nodes }, [{ flow, change }]);
  const [output] = seen[0] ?? [];
  expect(seen).toEqual(twice(output, output));
  expect(JSON.stringify(output)).toContain(JSON.stringify(fresh(1_000)));
});

it("what readers were handed: views, outputs, events, forms, labels", async () => {
  await using directory = await temporaryDirectory();
  const options = { data: directory.path, log: "error" } as const;
  const form = { type: "object", properties: { n: { type: "number" } } };
  const flow = definition({
    steps: [
      { id: "a", uses: "data.set", with: { value: "${{ input }}" } },
      { id: "ask", uses: "wait.approval", with: { title: "OK?", form }, needs: ["a"] },
      { id: "wait", uses: "wait.signal", needs: ["ask"], with: { name: "go" } },
      { id: "later", uses: "data.set", needs: ["wait"], with: { value: "${{ steps.a.output }}" } },
      {
        id: "no",
        uses: "fail",
        needs: ["wait"],
        with: { message: "No.", details: { list: [1] } },
        onError: "continue",
      },
    ],
    output: "${{ [input, steps.later.output, steps.a.output, steps.no.error] }}",
  });
  const spoilViews = async (l: Lockstitch, id: string) => {
    spoil(await l.get(id));
    spoil(await l.engine.state(l.context, id));
    spoil(await l.engine.stepOutput(l.context, id, "a"));
    spoil(await l.engine.approvals(l.context));
    for await (const run of l.runs()) spoil(run);
    for await (const event of l.events(id)) {
      spoil(event);
      if (["step.waiting", "run.succeeded"].includes(event.type)) break;
    }
  };
  const told: unknown[] = [];
  const views: unknown[] = [];
  let id = "";
  {
    await using l = await openLockstitch(options);
    await l.save(flow);
    l.on({}, (event) => spoil(event), { sync: true });
    ({ id } = await l.start("held", fresh(1_000), { labels: { customer: "Ada" } }));
    const live = (async () => {
      for await (const event of l.events(id)) {
        told.push(JSON.parse(JSON.stringify(event.event)));
        spoil(event);
      }
    })();
    await until(l, id, "step.waiting");
    await spoilViews(l, id);
    expect(await l.engine.approvals(l.context)).toMatchObject([{ form }]);
    await expect(
      l.approve(id, "ask", { approved: true, form: { n: "no number" } }),
    ).rejects.toThrow();
    await l.approve(id, "ask", { approved: true, form: { n: 1 } });
    await spoilViews(l, id);
    await l.signal(id, "go");
    await live;
    spoil(await (await l.attach(id)).result());
    await spoilViews(l, id);
    views.push(await l.get(id));
  }
  await using l = await openLockstitch(options);
  views.push(await l.get(id));
  expect(views[0]).toEqual(views[1]);
  expect(views[0]).toMatchObject({ input: fresh(1_000), labels: { customer: "Ada" } });
  expect(JSON.stringify([views, told])).not.toContain("spoilt");
  const { output } = views[1] as { output: unknown[] };
  expect(output.slice(0, 3)).toEqual(Array(3).fill(fresh(1_000)));
});
