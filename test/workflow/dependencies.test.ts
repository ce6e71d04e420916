/** The dependency graph between workflows: versions, what is missing, circles. */
import { expect, test } from "vitest";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import {
  type FindWorkflow,
  refusedCycle,
  resolveDependencies,
  WORKFLOWS_MAX,
} from "#workflow/dependencies.ts";
import { callsOf } from "#workflow/workflow-calls.ts";

type Steps = readonly Record<string, unknown>[];

function definition(steps: Steps, more: Record<string, unknown> = {}): WorkflowDefinition {
  return { language: 1, name: "any", steps, ...more } as unknown as WorkflowDefinition;
}

const call = (id: string, workflow: string, more: Record<string, unknown> = {}) => {
  const { version, ...rest } = more;
  return {
    id,
    uses: "workflow.run",
    with: { workflow, ...(version === undefined ? {} : { version }) },
    ...rest,
  };
};

/** Versions of each workflow, the first is 1. */
function catalogue(workflows: Readonly<Record<string, readonly Steps[]>>) {
  const looked: string[] = [];
  const find: FindWorkflow = async (name, version) => {
    looked.push(`${name}@${version}`);
    const versions = (Object.hasOwn(workflows, name) ? workflows[name] : undefined) ?? [];
    const steps = version === null ? versions.at(-1) : versions[version - 1];
    return steps === undefined
      ? null
      : { version: version ?? versions.length, calls: callsOf(definition(steps)) };
  };
  const resolve = async (name: string) => {
    const known = await find(name, null);
    if (known === null) throw new Error(name);
    const found = await resolveDependencies(name, known, find);
    return { ...found, refused: refusedCycle(found, known) };
  };
  return { find, looked, resolve };
}

test("versions: written, pinned through all levels, latest; each workflow is looked up once", async () => {
  const { resolve, looked } = catalogue({
    a: [
      [
        call("b", "b"),
        call("b1", "b", { version: 1 }),
        call("c", "c"),
        call("l", "c", { version: "latest" }),
      ],
    ],
    b: [[call("c", "c")], [call("c", "c", { version: 2 }), call("d", "d")]],
    c: [[], [], [call("d", "d")]],
    d: [[]],
  });
  const found = await resolve("a");
  expect(found.workflows.map(({ name, version }) => `${name}@${version}`)).toEqual([
    "a@1",
    "b@2",
    "b@1",
    "c@3",
    "c@2",
    "d@1",
  ]);
  expect(found.workflows[0]?.calls.map(({ binding, version }) => `${binding} ${version}`)).toEqual([
    "pinned 2",
    "fixed 1",
    "pinned 3",
    "latest 3",
  ]);
  expect(found.pins).toEqual({ b: 2, c: 3, d: 1 });
  expect(found).toMatchObject({ missing: [], cycles: [], isCut: false, refused: null });
  expect(looked.filter((each) => each.startsWith("d"))).toHaveLength(1);
});

test("what is missing is named with who needs it, workflow or version", async () => {
  const { resolve } = catalogue({
    a: [[call("x", "nobody"), call("b", "b")]],
    b: [[call("old", "b", { version: 7 }), { id: "t", uses: "try", steps: [call("in", "gone")] }]],
  });
  const { missing, pins } = await resolve("a");
  expect(missing).toEqual([
    { workflow: "nobody", version: null, neededBy: "a: x" },
    { workflow: "b", version: 7, neededBy: "b: old" },
    { workflow: "gone", version: null, neededBy: "b: t.in" },
  ]);
  expect(pins).toEqual({ b: 1 });
});

test("names that every object has are names of workflows like any other", async () => {
  const { resolve } = catalogue({ a: [[call("c", "constructor")]] });
  expect(await resolve("a")).toMatchObject({ pins: {}, missing: [{ workflow: "constructor" }] });
});

test("a circle that every run walks is refused with the way round", async () => {
  const { resolve } = catalogue({
    root: [[call("a", "a", { if: "input.deep" })]],
    a: [[{ id: "p", uses: "parallel", branches: { l: { steps: [call("b", "b")] } } }]],
    b: [[call("c", "c", { onError: "continue" })]],
    c: [[{ id: "t", uses: "try", steps: [call("a", "a")] }]],
  });
  for (const name of ["a", "b", "c"]) {
    const { refused, cycles } = await resolve(name);
    expect(cycles.filter(({ isCertain }) => isCertain)).toHaveLength(1);
    expect(refused?.code).toBe("workflow_cycle");
    expect(refused?.message).toMatch(/: (a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c)\.$/);
  }
  // What is not sure to get there is not to blame.
  const { refused, cycles } = await resolve("root");
  expect([refused, cycles]).toEqual([null, [{ path: ["a", "b", "c", "a"], isCertain: false }]]);
  expect((await resolve("a")).refused).toMatchObject({ pointer: "/steps/0/branches/l/steps/0" });
});

test.each([
  ["an if", [call("a", "a", { if: "input.n > 0" })]],
  [
    "an if around it",
    // biome-ignore lint/suspicious/noThenProperty: the language's word
    [{ id: "i", uses: "if", with: { condition: "input.n > 0" }, then: [call("a", "a")] }],
  ],
  ["a port", [call("a", "a", { needs: ["check.true"] })]],
  ["a trigger rule", [call("a", "a", { needs: ["x"], triggerRule: "any_success" })]],
  ["a loop", [{ id: "f", uses: "for_each", with: { items: [] }, steps: [call("a", "a")] }]],
  ["a stop", [{ id: "s", uses: "stop", if: "input.n == 0" }, call("a", "a")]],
  ["a catch", [{ id: "t", uses: "try", steps: [], catch: [{ steps: [call("a", "a")] }] }]],
  [
    "a race",
    [
      {
        id: "p",
        uses: "parallel",
        with: { join: "any" },
        branches: { l: { steps: [call("a", "a")] } },
      },
    ],
  ],
  ["a compensation", [{ id: "s", uses: "noop", compensate: [call("a", "a")] }]],
] as const)("%s may end a circle: it is recursion, and allowed", async (_what, steps) => {
  const { resolve } = catalogue({ a: [[call("b", "b")]], b: [steps as unknown as Steps] });
  const { cycles, refused } = await resolve("a");
  expect(cycles).toEqual([{ path: ["a", "b", "a"], isCertain: false }]);
  expect(refused).toBeNull();
});

test("a workflow that runs itself goes as deep as runs may, on its own version", async () => {
  const { find } = catalogue({ a: [[call("again", "a")], [call("again", "a")]] });
  const known = await find("a", 1);
  if (known === null) throw new Error("a");
  const found = await resolveDependencies("a", known, find);
  expect(found.pins).toEqual({ a: 1 });
  expect(found.cycles).toEqual([{ path: ["a", "a"], isCertain: true }]);
  expect(refusedCycle(found, known)).toBeNull();
});

test("another version breaks a circle of names", async () => {
  const { resolve } = catalogue({
    a: [[], [call("b", "b")]],
    b: [[call("a", "a", { version: 1 })]],
  });
  expect(await resolve("a")).toMatchObject({ cycles: [], refused: null, pins: { b: 1 } });
});

test("computed names and versions are shown as such and looked up by nobody", async () => {
  const { resolve, looked } = catalogue({
    a: [[call("x", "${{ input.which }}"), call("y", "b", { version: "${{ input.v }}" })]],
    b: [[]],
  });
  const { workflows, pins } = await resolve("a");
  expect(workflows[0]?.calls).toEqual([
    { path: "x", workflow: null, version: null, binding: "computed", isMissing: false },
    { path: "y", workflow: "b", version: 1, binding: "computed", isMissing: false },
  ]);
  expect(pins).toEqual({});
  expect(looked).toEqual(["a@null", "b@null"]);
});

test("a graph without end is cut, in time", async () => {
  const find: FindWorkflow = async (name) => ({
    version: 1,
    calls: callsOf(definition([call("l", `${name}l`), call("r", `${name}r`)])),
  });
  const root = await find("a", null);
  if (root === null) throw new Error("a");
  const found = await resolveDependencies("a", root, find);
  expect(found.isCut).toBe(true);
  expect(found.workflows).toHaveLength(WORKFLOWS_MAX);
  expect(found.missing).toEqual([]);
});
