/**
 * What holds for every node type, whoever wrote it: the promises of define-node.ts and attempt.ts.
 * All of it goes over the registry, so that a new type is held to it by being there.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { STEP_ERROR_CODES } from "#errors/step-error.ts";
import { type AttemptResult, runAttempt, runPure } from "#nodes/attempt.ts";
import { sandboxPool } from "#nodes/code/code-javascript.ts";
import {
  COMMON_ERRORS,
  NODE_CATEGORIES,
  type NodeDefinition,
  type NodeErrorCode,
} from "#nodes/define-node.ts";
import { type JsonSchema, nodeSchema } from "#nodes/node-schema.ts";
import { createRegistry } from "#nodes/registry.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { evaluateWith } from "./evaluate-with.ts";
import {
  EXAMPLE_ORIGIN,
  exampleEngine,
  exampleServer,
  replaced,
  writeFiles,
} from "./example-world.ts";
import { nodeContext } from "./node-context.ts";

afterAll(() => sandboxPool.close());

const registry = createRegistry();
const all = registry.definitions();
const pureNodes = all.filter(({ execution }) => execution === "pure");
const effectNodes = all.filter(({ execution }) => execution === "effect");

function shapeOf(definition: NodeDefinition): Record<string, z.ZodType> {
  return (definition.config as z.ZodObject).shape as Record<string, z.ZodType>;
}

const row = fc.dictionary(
  fc.constantFrom("a", "b", "key", "__proto__"),
  fc.jsonValue({ maxDepth: 1 }),
  { maxKeys: 3 },
);

const number = fc.oneof(
  fc.integer({ min: -10, max: 1000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** Values of the kind that stands there now, and some of any other. */
function valueLike(current: unknown): fc.Arbitrary<unknown> {
  const any = fc.jsonValue({ maxDepth: 2 });
  if (typeof current === "boolean") return fc.oneof(fc.boolean(), any);
  if (typeof current === "number") return fc.oneof(number, any);
  if (Array.isArray(current) && current.some((item) => typeof item === "number"))
    return fc.oneof(fc.array(number, { minLength: 1, maxLength: 6 }), fc.array(any), any);
  if (Array.isArray(current)) return fc.oneof(fc.array(row, { maxLength: 6 }), fc.array(any), any);
  if (typeof current === "string")
    return fc.oneof(
      fc.string(),
      fc.constantFrom(
        "a",
        "a.b",
        "csv",
        "xml",
        "yaml",
        "desc",
        "{{a}}",
        "a,b\n1,2",
        "<a>1</a>",
        "- 1",
      ),
      any,
    );
  return fc.oneof(row, any);
}

/** An example in which one field was given another value; most still have the right form. */
function configs(definition: NodeDefinition): fc.Arbitrary<Record<string, unknown>> {
  const examples = definition.examples.map(
    (example) => evaluateWith(definition, example.with) as Record<string, unknown>,
  );
  const callable = fc.constantFrom(
    () => null,
    (item: unknown) => item,
    (_: unknown, key: unknown) => key,
  );
  return fc
    .tuple(fc.constantFrom(...examples), fc.constantFrom(...Object.keys(shapeOf(definition))))
    .chain(([example, name]) =>
      (definition.functionFields.has(name) ? callable : valueLike(example[name])).map((value) => ({
        ...example,
        [name]: value,
      })),
    );
}

/** Whether a type may fail so: it says it does, or every step may. */
function isDeclared(definition: NodeDefinition, code: string): boolean {
  const declared: readonly NodeErrorCode[] = [...definition.errors, ...COMMON_ERRORS];
  return declared.some((one) => one === code || (one === "http.*" && code.startsWith("http.")));
}

function expectSound(definition: NodeDefinition, result: AttemptResult): void {
  if (result.ok) {
    expect(definition.output.safeParse(result.output).success).toBe(true);
    expect(JSON.parse(JSON.stringify(result.output))).toStrictEqual(result.output);
    return;
  }
  const { code, message, details } = result.error;
  // `internal` stands for a fault of ours; no configuration may cause one.
  expect({ code, message }).not.toMatchObject({ code: "internal" });
  expect({ code, isDeclared: isDeclared(definition, code) }).toEqual({ code, isDeclared: true });
  expect(message.length).toBeGreaterThan(0);
  expect(JSON.stringify(details ?? null).length).toBeLessThanOrEqual(16 * 1024);
}

/** Every field of a schema at any depth, with the schema of what it holds. */
function fieldsIn(schema: JsonSchema, at: string): { at: string; field: JsonSchema }[] {
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  if (schema.items !== undefined) inner.push(schema.items);
  if (typeof schema.additionalProperties === "object") inner.push(schema.additionalProperties);
  return [
    ...inner.flatMap((one) => fieldsIn(one, at)),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
      { at: `${at}.${name}`, field },
      ...fieldsIn(field, `${at}.${name}`),
    ]),
  ];
}

/** Objects that take fields nobody has named. */
function openObjectsIn(schema: JsonSchema, at: string): string[] {
  const isOpen = schema.properties !== undefined && schema.additionalProperties !== false;
  const inner = fieldsIn(schema, at).filter(
    ({ field }) => field.properties !== undefined && field.additionalProperties !== false,
  );
  return [...(isOpen ? [at] : []), ...inner.map((found) => found.at)];
}

/** What keeps the process alive beyond what did before; idle pools do not. */
function openSince(before: readonly string[]): string[] {
  const left = [...before];
  return process.getActiveResourcesInfo().filter((resource) => {
    const at = left.indexOf(resource);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
}

/** Asked again and again without a timer, which would be one more thing that is open. */
async function expectNothingOpen(before: readonly string[]): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (openSince(before).length > 0 && performance.now() < deadlineMs)
    await new Promise(setImmediate);
  expect(openSince(before)).toEqual([]);
}

function deepFrozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFrozen(inner);
  return Object.freeze(value);
}

it("has types to look at, pure and effect", () => {
  expect(pureNodes.length).toBeGreaterThan(10);
  expect(effectNodes.length).toBeGreaterThan(5);
});

describe.each(all)("$type", (definition) => {
  it("describes itself", () => {
    expect(definition.title.length).toBeGreaterThan(0);
    expect(definition.description).toMatch(/^[A-Z].*\.$/s);
    expect(definition.icon).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(NODE_CATEGORIES).toContain(definition.category);
    expect(definition.runPure === null).toBe(definition.execution === "effect");
    expect(definition.runEffect === null).toBe(definition.execution === "pure");
    for (const schema of [definition.config, definition.output])
      expect(() => nodeSchema(schema, "input")).not.toThrow();
  });

  it("has a strict configuration with every field described", () => {
    const schema = nodeSchema(definition.config, "input");
    expect(openObjectsIn(schema, "with")).toEqual([]);
    const bare = fieldsIn(schema, "with").filter(({ field }) => !field.description?.trim());
    expect(bare.map(({ at }) => at)).toEqual([]);
    const parsed = definition.config.safeParse({ surelyNotAField: 1 });
    expect(JSON.stringify(parsed.error?.issues)).toContain("surelyNotAField");
  });

  it("names its errors from the closed list, and none that every step has", () => {
    for (const code of definition.errors) {
      expect(code === "http.*" || Object.hasOwn(STEP_ERROR_CODES, code)).toBe(true);
      expect(COMMON_ERRORS).not.toContain(code);
    }
    expect([...definition.errors]).toEqual([...new Set(definition.errors)].sort());
  });

  it("has at least two examples, each with one result and a title of its own", () => {
    const { examples } = definition;
    expect(examples.length).toBeGreaterThanOrEqual(2);
    expect(new Set(examples.map(({ title }) => title)).size).toBe(examples.length);
    for (const { output, error } of examples)
      expect((output === undefined) !== (error === undefined)).toBe(true);
    expect(examples.some(({ output }) => output !== undefined)).toBe(true);
    for (const { error } of examples)
      expect(error === undefined || isDeclared(definition, error)).toBe(true);
  });

  it("has examples that the parser takes as they stand", () => {
    for (const { with: config, error } of definition.examples) {
      const step = { id: "example", uses: definition.type, with: config };
      const text = JSON.stringify({ language: 1, name: "example", steps: [step] });
      const { problems } = parseWorkflow(text, { nodes: registry, format: "json" });
      if (error !== "config_invalid") expect(problems).toEqual([]);
    }
  });
});

describe("examples in a real engine", () => {
  it("give what stands beside them, every one", async () => {
    await using engine = await exampleEngine([]);
    const wrong: unknown[] = [];
    for (const definition of all)
      for (const [at, example] of definition.examples.entries()) {
        const { type } = definition;
        if (engine.missing.has(type)) continue;
        const result = await engine.run(definition, at);
        const wanted =
          example.error === undefined
            ? { output: example.output, error: null }
            : { output: null, error: example.error };
        try {
          if (definition.execution === "pure") expect(result).toEqual(wanted);
          else expect(result).toMatchObject(wanted);
        } catch {
          wrong.push({ type, title: example.title, result, wanted });
        }
      }
    expect(wrong).toEqual([]);
  });
});

describe.each(pureNodes)("pure $type", (definition) => {
  it("gives the same for the same, sound results, and leaves its config alone", () => {
    let succeeded = 0;
    fc.assert(
      fc.property(configs(definition), (config) => {
        const first = runPure(definition, deepFrozen(config));
        const second = runPure(definition, config);
        expect(JSON.stringify(second)).toBe(JSON.stringify(first));
        expectSound(definition, first);
        if (first.ok) succeeded += 1;
      }),
      { numRuns: 300 },
    );
    // Few random configurations of some types are sound; none at all would look at nothing.
    expect(succeeded).toBeGreaterThan(0);
  });
});

describe.each(effectNodes)("effect $type", (definition) => {
  it("honours an abort before and during, and leaves nothing open", async () => {
    await using directory = await temporaryDirectory();
    for (const example of definition.examples) {
      const before = process.getActiveResourcesInfo();
      const root = join(directory.path, example.title.replaceAll(/\W/g, "-"));
      await mkdir(root);
      await writeFiles(root, example.given?.files);
      {
        await using server = await exampleServer(null);
        const config = replaced(example.with, EXAMPLE_ORIGIN, server.url);
        const controller = new AbortController();
        const context = nodeContext({
          fileRoot: root,
          http: { allowCidrs: ["127.0.0.0/8"] },
          signal: controller.signal,
          sendSignal: () => new Promise(() => {}),
        });
        const running = runAttempt(definition, config, context);
        // Some get as far as the server, which never answers; others may be done already.
        for (let turn = 0; turn < 100 && server.requests.length === 0; turn++)
          await new Promise(setImmediate);
        controller.abort();
        const result = await running;
        if (!result.ok) expect(isDeclared(definition, result.error.code)).toBe(true);
        expect(await runAttempt(definition, config, context)).toMatchObject({
          error: { code: "aborted" },
        });
        const atOnce = new AbortController();
        const never = runAttempt(definition, config, { ...context, signal: atOnce.signal });
        atOnce.abort();
        expect(await never).toMatchObject({ ok: false, error: { code: "aborted" } });
      }
      await expectNothingOpen(before);
    }
  });

  it("gives sound results for any configuration, and leaves nothing open", async () => {
    await using directory = await temporaryDirectory();
    const before = process.getActiveResourcesInfo();
    await fc.assert(
      fc.asyncProperty(configs(definition), async (config) => {
        const context = nodeContext({ fileRoot: directory.path });
        // Others share what it is handed: a change would throw.
        expectSound(definition, await runAttempt(definition, deepFrozen(config), context));
      }),
      { numRuns: 60 },
    );
    await expectNothingOpen(before);
  });
});
