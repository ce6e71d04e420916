/** What holds for every node type, whoever wrote it: the promises of define-node.ts and attempt.ts. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { STEP_ERROR_CODES } from "#errors/step-error.ts";
import { type AttemptResult, runAttempt, runPure } from "#nodes/attempt.ts";
import { sandboxPool } from "#nodes/code/code-javascript.ts";
import type { NodeDefinition } from "#nodes/define-node.ts";
import { effectNodes } from "#nodes/effect-nodes.ts";
import { pureNodes } from "#nodes/pure/pure-nodes.ts";
import { createRegistry } from "#nodes/registry.ts";
import { evaluateWith } from "./evaluate-with.ts";
import { nodeContext } from "./node-context.ts";

afterAll(() => sandboxPool.close());

const all = createRegistry().definitions();

function shapeOf(definition: NodeDefinition): Record<string, z.ZodType> {
  if (!(definition.config instanceof z.ZodObject)) throw new Error("config is no object");
  return definition.config.shape as Record<string, z.ZodType>;
}

/** A configuration of each effect node that begins to work. */
const WORKING: Readonly<Record<string, Record<string, unknown>>> = {
  "http.request": { url: "http://waits.invalid/" },
  "file.read": { path: "x" },
  "file.write": { path: "x", content: "x" },
  "file.list": {},
  "code.javascript": { code: "for (;;);", cpuMs: 10_000 },
  "signal.send": { runId: "r", name: "n" },
};

const row = fc.dictionary(
  fc.constantFrom("a", "b", "key", "__proto__"),
  fc.jsonValue({ maxDepth: 1 }),
  { maxKeys: 3 },
);

/** Values of the kind that stands there now, and some of any other. */
function valueLike(current: unknown): fc.Arbitrary<unknown> {
  const any = fc.jsonValue({ maxDepth: 2 });
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
    .tuple(
      fc.constantFrom(...(examples.length > 0 ? examples : [WORKING[definition.type] ?? {}])),
      fc.constantFrom(...Object.keys(shapeOf(definition))),
    )
    .chain(([example, name]) =>
      (definition.functionFields.has(name) ? callable : valueLike(example[name])).map((value) => ({
        ...example,
        [name]: value,
      })),
    );
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
  expect(Object.hasOwn(STEP_ERROR_CODES, code) || /^(http\.\d{3}|user\..+)$/.test(code)).toBe(true);
  expect(message.length).toBeGreaterThan(0);
  expect(JSON.stringify(details ?? null).length).toBeLessThanOrEqual(16 * 1024);
}

describe.each(all)("$type", (definition) => {
  it("describes itself", () => {
    expect(definition.title.length).toBeGreaterThan(0);
    expect(definition.description).toMatch(/^[A-Z].*\.$/s);
    expect(definition.icon).toMatch(/^[a-z][a-z-]*$/);
    expect(definition.runPure === null).toBe(definition.execution === "effect");
    expect(definition.runEffect === null).toBe(definition.execution === "pure");
    for (const schema of [definition.config, definition.output])
      expect(() => z.toJSONSchema(schema, { unrepresentable: "any", io: "input" })).not.toThrow();
  });

  it("refuses a field it does not know", () => {
    const parsed = definition.config.safeParse({ surelyNotAField: 1 });
    expect(JSON.stringify(parsed.error?.issues)).toContain("surelyNotAField");
  });
});

describe.each(pureNodes)("pure $type", (definition) => {
  it("gives the same for the same, sound results, and leaves its config alone", () => {
    let succeeded = 0;
    fc.assert(
      fc.property(configs(definition), (config) => {
        const before = JSON.stringify(config);
        const first = runPure(definition, config);
        const second = runPure(definition, config);
        expect(JSON.stringify(second)).toBe(JSON.stringify(first));
        expect(JSON.stringify(config)).toBe(before);
        expectSound(definition, first);
        if (first.ok) succeeded += 1;
      }),
      { numRuns: 300 },
    );
    expect(succeeded).toBeGreaterThan(10);
  });
});

describe.each(effectNodes)("effect $type", (definition) => {
  it("honours an abort, before and during", async () => {
    const root = await mkdtemp(join(tmpdir(), "lockstitch-contract-"));
    const config = WORKING[definition.type] ?? {};
    const controller = new AbortController();
    const context = nodeContext({
      fileRoot: root,
      signal: controller.signal,
      sendSignal: () => new Promise(() => {}),
    });
    const during = runAttempt(definition, config, context);
    controller.abort();
    expect(await during).toMatchObject({ ok: false, error: { code: "aborted", retryable: false } });
    expect(await runAttempt(definition, config, context)).toMatchObject({
      error: { code: "aborted" },
    });
    await rm(root, { recursive: true, force: true });
  });

  it("gives sound results for any configuration", async () => {
    const root = await mkdtemp(join(tmpdir(), "lockstitch-contract-"));
    await fc.assert(
      fc.asyncProperty(configs(definition), async (config) => {
        expectSound(
          definition,
          await runAttempt(definition, config, nodeContext({ fileRoot: root })),
        );
      }),
      { numRuns: 60 },
    );
    await rm(root, { recursive: true, force: true });
  });
});

describe("examples of effect nodes", () => {
  it.each(
    effectNodes.flatMap((definition) =>
      definition.examples.map((example) => ({ definition, example, type: definition.type })),
    ),
  )("$type: $example.title", async ({ definition, example }) => {
    const result = await runAttempt(definition, example.with, nodeContext());
    expect(result).toEqual({ ok: true, output: example.output });
  });
});
