/**
 * Critical path first: where attempts wait for slots the step with the longest way behind it starts
 * first, whatever the order in which steps are written; and what the run comes to is the same.
 */
import { expect, test } from "vitest";
import type { RunStateView, RunView } from "#engine/engine.ts";
import type { Step, WorkflowDefinition } from "#workflow/definition.ts";
import { pick, type Random, seededRandom } from "../kernel/random-definition.ts";
import { type Bench, context, driven, openBench, work, workflow } from "./engine-fixture.ts";

interface Ended {
  readonly run: RunView;
  readonly steps: RunStateView["steps"];
  readonly tookMs: number;
  /** Paths in the order in which they began. */
  readonly began: readonly string[];
}

/** `with.ms` is how long an attempt takes, `with.fails` how many of a step's attempts fail. */
async function live(
  definition: WorkflowDefinition,
  { attemptsMax, optimise }: { readonly attemptsMax: number; readonly optimise: boolean },
): Promise<Ended> {
  let bench: Bench | null = null;
  const take = async ({
    config,
    path,
    attempt,
  }: {
    config: unknown;
    path: string;
    attempt: number;
  }) => {
    const { ms, fails = 0 } = config as { readonly ms: number; readonly fails?: number };
    await new Promise<void>((resolve) => void bench?.clock.after(ms, resolve));
    if (attempt <= fails) throw Object.assign(new Error(`${path} fails`), { code: "http.500" });
    return `${path} took ${ms}`;
  };
  await using opened = await openBench({ work: { take }, limits: { attemptsMax }, optimise });
  bench = opened;
  const beganMs = opened.clock.nowMs();
  const run = await opened.run(definition);
  const state = await driven(opened.clock, opened.engine.state(context, run.id));
  const steps = state?.steps ?? [];
  const endedMs = run.endedAtMs ?? Number.NaN;
  return { run, steps, tookMs: endedMs - beganMs, began: opened.attempts.map(({ path }) => path) };
}

const step = (id: string, needs: readonly string[], more: Record<string, unknown> = {}) =>
  work(id, "take", { needs, with: { ms: 1_000 }, ...more });

test("a chain that is written last begins first", async () => {
  const leaves = Array.from({ length: 8 }, (_, at) => step(`leaf${at}`, []));
  const chain = [0, 1, 2, 3].map((at) => step(`link${at}`, at === 0 ? [] : [`link${at - 1}`]));
  const definition = workflow("late", { steps: [...leaves, ...chain] });
  const plain = await live(definition, { attemptsMax: 2, optimise: false });
  const optimised = await live(definition, { attemptsMax: 2, optimise: true });
  expect(plain.began.slice(0, 2)).toEqual(["leaf0", "leaf1"]);
  expect(optimised.began.slice(0, 2)).toEqual(["link0", "leaf0"]);
  expect([plain.tookMs, optimised.tookMs]).toEqual([8_000, 6_000]);
});

test("what follows the owner of a scope counts, and a loop's items go in their order", async () => {
  const definition = workflow("scopes", {
    steps: [
      {
        id: "loop",
        uses: "for_each",
        needs: [],
        with: { items: [1, 2, 3] },
        steps: [step("item", [])],
      },
      {
        id: "both",
        uses: "parallel",
        needs: [],
        branches: { left: { steps: [step("l", [])] }, right: { steps: [step("r", [])] } },
      },
      step("after", ["both"]),
      step("last", ["after"]),
    ],
  });
  const { began } = await live(definition, { attemptsMax: 1, optimise: true });
  expect(began).toEqual(
    [
      "both.left.l",
      "both.right.r",
      "after",
      "loop[0].item",
      "loop[1].item",
      "loop[2].item",
      "last",
    ].toSorted((a, b) => began.indexOf(a) - began.indexOf(b)),
  );
  expect(began.slice(0, 2)).toEqual(["both.left.l", "both.right.r"]);
  const items = began.filter((path) => path.startsWith("loop"));
  expect(items).toEqual(["loop[0].item", "loop[1].item", "loop[2].item"]);
});

test("priority comes before the critical path", async () => {
  const definition = workflow("urgent", {
    steps: [
      step("busy", []),
      step("link0", []),
      step("link1", ["link0"]),
      step("urgent", [], { priority: 9 }),
    ],
  });
  const { began } = await live(definition, { attemptsMax: 1, optimise: true });
  expect(began).toEqual(["urgent", "link0", "busy", "link1"]);
});

/** Steps without races: what becomes of each depends on others' outcomes, never on when they came. */
function randomGraph(random: Random): WorkflowDefinition {
  const count = 4 + Math.floor(random() * 14);
  const ids: string[] = [];
  const steps = Array.from({ length: count }, (_, at): Step => {
    const id = `s${at}`;
    const needs = ids.filter(() => random() < 2 / (at + 1));
    ids.push(id);
    const fails = random() < 0.15 ? 1 + Math.floor(random() * 2) : 0;
    return work(id, "take", {
      needs,
      with: { ms: 100 * (1 + Math.floor(random() * 20)), fails },
      ...(random() < 0.4 ? { retry: { attempts: 2, initial: "1s" } } : {}),
      ...(random() < 0.2 ? { onError: "continue" } : {}),
      ...(random() < 0.1 ? { if: "1 > 2" } : {}),
      ...(needs.length > 0 && random() < 0.3
        ? { triggerRule: pick(random, ["none_failed", "all_done"] as const) }
        : {}),
    }) as unknown as Step;
  });
  return workflow("graph", { steps, output: { done: "${{ 1 + 1 }}" } });
}

/** Outcomes, outputs and errors of all steps; which of several failures came first is a race. */
function outcomeOf({ run, steps: views }: Ended): unknown {
  const steps = views.map(({ path, status, output, error }) => ({
    path,
    status,
    output,
    error,
  }));
  return {
    status: run.status,
    output: run.output,
    error: run.error?.code,
    steps: steps.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

test("random graphs under few slots come to the same, and mostly sooner", async () => {
  const times = { plainMs: 0, optimisedMs: 0, sooner: 0, later: 0, otherwise: 0, failed: 0 };
  for (let seed = 1; seed <= 150; seed++) {
    const random = seededRandom(seed);
    const definition = randomGraph(random);
    const attemptsMax = 1 + Math.floor(random() * 3);
    const plain = await live(definition, { attemptsMax, optimise: false });
    const optimised = await live(definition, { attemptsMax, optimise: true });
    expect(outcomeOf(optimised), `seed ${seed}`).toEqual(outcomeOf(plain));
    times.plainMs += plain.tookMs;
    times.optimisedMs += optimised.tookMs;
    if (optimised.tookMs < plain.tookMs) times.sooner++;
    if (optimised.tookMs > plain.tookMs) times.later++;
    if (optimised.began.join() !== plain.began.join()) times.otherwise++;
    if (plain.run.status === "failed") times.failed++;
  }
  expect(times.otherwise).toBeGreaterThan(50);
  expect(times.failed).toBeGreaterThan(10);
  expect(times.optimisedMs).toBeLessThan(times.plainMs);
});
