/**
 * The pure rooms load where there is no Node: bundled into one script, without a single import
 * left, and run in a context that has the language and TextEncoder only: no process, Buffer,
 * timers, console or URL. Temporal's workflow sandbox is such a place.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { type OutputChunk, rolldown } from "rolldown";
import { expect, test } from "vitest";

const PURE_ROOMS = ["errors", "workflow", "kernel", "nodes/pure"];
const ENTRY = "\0every-pure-module";

/** Runs inside the context, with nothing but the bundle: text in, JSON text out. */
const WALK_THROUGH = `
  const { compileExpression } = pure["src/workflow/expression/compile.ts"];
  const { compilePlan } = pure["src/workflow/plan-compile.ts"];
  const definition = {
    language: 1,
    name: "sandboxed",
    steps: [
      { id: "pause", uses: "wait.for", with: { duration: "1s" } },
      { id: "loop", uses: "for_each", with: { items: "\${{ input.items }}" }, steps: [
        { id: "again", uses: "wait.for", with: { duration: "1s" }, if: "item > 1" },
      ] },
    ],
  };
  const plan = compilePlan(definition, { get: () => undefined, names: () => [] });
  JSON.stringify({
    value: compileExpression("input.price * 2 > 10 && input.name.length > 3")
      .evaluate({ input: { price: 6, name: "lock" } }),
    steps: plan.root.steps.map((step) => step.id),
  });
`;

test("errors, workflow, kernel and nodes/pure load and work without any Node API", async () => {
  const files = PURE_ROOMS.flatMap(modulesOf);
  expect(files.length).toBeGreaterThan(10);

  const { chunk, unresolved } = await bundle(files);

  expect(unresolved).toEqual([]);
  expect([...chunk.imports, ...chunk.dynamicImports]).toEqual([]);
  const context = createContext(Object.assign(Object.create(null), { TextEncoder }));
  expect(runInContext("typeof process + typeof Buffer + typeof setTimeout", context)).toBe(
    "undefinedundefinedundefined",
  );
  runInContext(chunk.code, context);
  expect(runInContext("Object.keys(pure).length", context)).toBe(files.length);
  expect(JSON.parse(runInContext(WALK_THROUGH, context))).toEqual({
    value: true,
    steps: ["pause", "loop"],
  });
});

/** One script that leaves `pure`, an object of every module's exports by its path. */
async function bundle(
  files: readonly string[],
): Promise<{ chunk: OutputChunk; unresolved: string[] }> {
  const unresolved: string[] = [];
  const build = await rolldown({
    input: ENTRY,
    platform: "neutral",
    treeshake: false,
    resolve: { mainFields: ["module", "main"], conditionNames: ["import", "default"] },
    onLog: (_level, log) => {
      if (log.code === "UNRESOLVED_IMPORT") unresolved.push(log.message);
    },
    plugins: [
      {
        name: "every-pure-module",
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? entrySource(files) : null),
      },
    ],
  });
  const { output } = await build.generate({ format: "iife", name: "pure" });
  await build.close();
  return { chunk: output[0], unresolved };
}

function entrySource(files: readonly string[]): string {
  return files
    .map(
      (file) =>
        `export * as ${JSON.stringify(file)} from ${JSON.stringify(join(process.cwd(), file))};`,
    )
    .join("\n");
}

function modulesOf(room: string): string[] {
  return readdirSync(join("src", room), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => `src/${room}/${path}`);
}
