/** `lockstitch plan`: for people and for machines, bounded, and nothing runs. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { capture } from "./captured-machine.ts";

const CALL = `language: 1
name: orders
defaults: { retry: { attempts: 3, initial: 1s } }
steps:
  - id: call
    uses: http.request
    with: { url: "https://a.example", auth: { type: bearer, token: "\${{ secrets.TOKEN }}" } }
  - { id: other, uses: noop, needs: [], if: "input.x == 1" }
  - { id: join, uses: noop, needs: [call, other], triggerRule: all_done }
`;

test("people see order, policies, secrets and what could go wrong", async () => {
  await using directory = await temporaryDirectory();
  await writeFile(join(directory.path, "a.yaml"), CALL);
  const { code, stdout } = await capture(["plan", "a.yaml"], { cwd: directory.path });
  expect(code).toBe(0);
  const lines = stdout.split("\n").map((line) => line.replaceAll(/ +/g, " ").trim());
  for (const line of [
    "1 call http.request 3 attempts from 1s, secrets TOKEN",
    "1 other noop if input.x == 1, 3 attempts from 1s",
    "2 join noop call, other all_done, 3 attempts from 1s",
    "secrets TOKEN",
    "commits about 2 on the longest way without retries",
    "! no timeout, so an attempt that hangs holds the run: call",
  ])
    expect(lines).toContain(line);
});

test("machines get all of it, people the first 200 steps", async () => {
  await using directory = await temporaryDirectory();
  const steps = Array.from({ length: 500 }, (_, n) => ({ id: `s${n}`, uses: "noop" }));
  const definition = JSON.stringify({ language: 1, name: "long", steps });
  await writeFile(join(directory.path, "long.json"), definition);
  const machine = await capture(["plan", "long.json", "--json"], { cwd: directory.path });
  expect(JSON.parse(machine.stdout)).toMatchObject({ name: "long", stepCount: 500 });
  expect(JSON.parse(machine.stdout).steps).toHaveLength(500);
  const { stdout } = await capture(["plan", "long.json"], { cwd: directory.path });
  expect(stdout.split("\n").length).toBeLessThan(220);
  expect(stdout).toContain("... 300 more");
});

const CONSTANT = `language: 1
name: constant
steps:
  - { id: a, uses: data.set, with: { value: "\${{ 60 * 60 }}" } }
  - { id: b, uses: data.set, with: { value: "\${{ steps.a.output + (1 + 1) }}" } }
  - { id: off, uses: http.request, with: { url: "https://a.example" }, if: "1 > 2" }
  - { id: pick, uses: switch, with: { value: x }, cases: { x: {}, y: { steps: [{ id: inner, uses: noop }] } } }
  - { id: behind, uses: noop, needs: [pick.y] }
  - { id: first, uses: http.request, with: { url: "https://a.example" }, needs: [] }
  - { id: second, uses: http.request, with: { url: "https://a.example" } }
  - { id: third, uses: http.request, with: { url: "https://a.example" }, needs: [first] }
`;

test("what the optimiser finds is shown, and left out on demand", async () => {
  await using directory = await temporaryDirectory();
  await writeFile(join(directory.path, "a.yaml"), CONSTANT);
  const look = async (...args: string[]) =>
    (await capture(["plan", "a.yaml", ...args], { cwd: directory.path })).stdout;
  const lines = (await look()).split("\n").map((line) => line.replaceAll(/ +/g, " ").trim());
  for (const line of [
    "folded 60 * 60 = 3600 (steps/0/with)",
    "(1 + 1) = 2 (steps/1/with)",
    "1 > 2 = false (steps/2/if)",
    "never run off: its `if` is always false",
    "pick.y.inner: pick is always x",
    "behind: pick is always x",
    "one turn a -> b (2 pure steps)",
    "critical 2 steps that take time: first -> second",
  ])
    expect(lines).toContain(line);
  expect(JSON.parse(await look("--json")).optimisation).toEqual({
    folded: [
      { pointer: ["steps", 0, "with"], source: "60 * 60", value: 3600 },
      { pointer: ["steps", 1, "with"], source: "(1 + 1)", value: 2 },
      { pointer: ["steps", 2, "if"], source: "1 > 2", value: false },
    ],
    dead: expect.arrayContaining([{ path: "behind", reason: "pick is always x" }]),
    chains: [["a", "b"]],
    criticalPath: { length: 2, steps: ["first", "second"] },
  });
  expect(await look("--no-optimise")).not.toContain("critical");
  expect(JSON.parse(await look("--no-optimise", "--json")).optimisation).toBeNull();
});

test("variables that nothing sets count as constants, and only those", async () => {
  await using directory = await temporaryDirectory();
  const folded = async (more: string) => {
    const text = `language: 1
name: settings
vars: { debug: false, rate: 3, day: "\${{ 24 * 60 }}", mine: "\${{ input.mine }}", list: [1, 2], cfg: { deep: 5 } }
labels: { kind: plain }
steps:
  - { id: a, uses: data.set, with: { value: "\${{ vars.rate * 2 + vars.cfg.deep + vars.list.length }}" } }
  - { id: b, uses: http.request, with: { url: "https://a.example" }, if: vars.debug }
  - { id: c, uses: data.set, with: { value: ["\${{ vars.mine }}", "\${{ vars.list }}", "\${{ vars.day }}"] } }
  - { id: d, uses: data.set, with: { value: "\${{ [input.n].map((n) => n * vars.rate) }}" } }
${more}`;
    await writeFile(join(directory.path, "a.yaml"), text);
    const { stdout } = await capture(["plan", "a.yaml", "--json"], { cwd: directory.path });
    const { folded: found, dead } = JSON.parse(stdout).optimisation;
    const parts = found as { readonly source: string; readonly value: unknown }[];
    return { parts: parts.map(({ source, value }) => `${source} = ${String(value)}`), dead };
  };
  const known = await folded("");
  expect(known.parts).toEqual([
    "vars.rate * 2 + vars.cfg.deep + vars.list.length = 13",
    "vars.debug = false",
    "vars.day = 1440",
    "vars.rate = 3",
    "24 * 60 = 1440",
  ]);
  expect(known.dead).toEqual([{ path: "b", reason: "its `if` is always false" }]);
  const set = "  - { id: e, uses: state.variable, with: { name: rate, operation: set, value: 4 } }";
  expect(await folded(set)).toEqual({ parts: ["24 * 60 = 1440"], dead: [] });
  const inner = `  - { id: e, uses: try, steps: [{ id: f, uses: state.counter, with: { name: n } }], catch: [{ errors: ["*"] }] }`;
  expect((await folded(inner)).parts).toEqual(["24 * 60 = 1440"]);
  const last = `finally:\n  - { id: e, uses: state.counter, with: { name: n } }`;
  expect((await folded(last)).parts).toEqual(["24 * 60 = 1440"]);
});

test("a name that is unknown stays a mistake, also where variables are constants", async () => {
  await using directory = await temporaryDirectory();
  for (const [field, expression] of [
    ["labels", "labels: { a: \"${{ vars.rate + '' }}\" }"],
    ["vars", 'output: "${{ vars.rat }}"'],
  ] as const) {
    const text = `language: 1\nname: a\nvars: { rate: 3 }\nsteps: [{ id: a, uses: noop }]\n${expression}\n`;
    await writeFile(join(directory.path, "a.yaml"), text);
    const { code, stderr } = await capture(["plan", "a.yaml"], { cwd: directory.path });
    expect(code, field).toBe(3);
    expect(stderr).toMatch(/Nothing here is called `vars`|has no variable `rat`/);
  }
});

test("a wrong file is refused like anywhere else", async () => {
  await using directory = await temporaryDirectory();
  await writeFile(
    join(directory.path, "a.yaml"),
    "language: 1\nname: a\nsteps: [{ id: a, uses: nop }]\n",
  );
  const { code, stderr } = await capture(["plan", "a.yaml"], { cwd: directory.path });
  expect(code).toBe(3);
  expect(stderr).toContain("nop");
});
