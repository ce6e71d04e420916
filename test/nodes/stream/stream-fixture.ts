/** Streams in tests: made by the node types themselves, as a workflow makes them. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StepError } from "#errors/step-error.ts";
import { type AttemptResult, runAttempt, runPure } from "#nodes/attempt.ts";
import { streamOf } from "#nodes/pure/stream-value.ts";
import { createRegistry } from "#nodes/registry.ts";
import { collectStream, type WriteJob, writeStream } from "#nodes/stream/stream-work.ts";
import type { Json } from "#workflow/json.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { evaluateWith } from "../evaluate-with.ts";
import { nodeContext } from "../node-context.ts";

const registry = createRegistry();

export type Written = readonly [
  type: string,
  field: string,
  config: Readonly<Record<string, Json>>,
];

export class StepFailed extends Error {
  readonly error: StepError;
  constructor(error: StepError) {
    super(`${error.code}: ${error.message}`);
    this.error = error;
  }
}

function outputOf(result: AttemptResult): unknown {
  if (result.ok) return result.output;
  throw new StepFailed(result.error);
}

/** What the steps make of `value`, each of the one before: of a list, or of a stream. */
export function through(value: unknown, steps: readonly Written[]): unknown {
  return steps.reduce((given, [type, field, config]) => {
    const definition = registry.definition(type);
    if (definition === undefined) throw new Error(`no node type ${type}`);
    const evaluated = evaluateWith(definition, config as Json) as Record<string, unknown>;
    return outputOf(runPure(definition, { ...evaluated, [field]: given }));
  }, value);
}

export async function streamFixture() {
  const directory = await temporaryDirectory();
  const root = join(directory.path, "files");
  const scratchRoot = join(directory.path, "scratch");
  await mkdir(root);
  const context = (overrides: Parameters<typeof nodeContext>[0] = {}) => {
    const made = nodeContext({ fileRoot: root, ...overrides });
    return { ...made, services: { ...made.services, scratchRoot } };
  };
  const run = async (type: string, config: unknown, overrides = {}): Promise<unknown> => {
    const definition = registry.definition(type);
    if (definition === undefined) throw new Error(`no node type ${type}`);
    return outputOf(await runAttempt(definition, config, context(overrides)));
  };
  const job = (stream: unknown, path: string) => ({
    stream: streamOf(stream, "stream"),
    real: join(root, path),
    folder: join(scratchRoot, "job"),
    heldSizeMax: 100_000,
  });
  return {
    ...{ root, scratchRoot, run, context },
    write: (name: string, text: string) => writeFile(join(root, name), text),
    read: (name: string) => readFile(join(root, name), "utf8"),
    /** As stream.collect and file.write do it, in this thread, with little memory: much is spilled. */
    collect(stream: unknown, path: string): readonly unknown[] {
      const limits = { itemsMax: 1_000_000, sizeMax: 10 * 1024 * 1024 };
      return collectStream({ ...job(stream, path), ...limits });
    },
    save(stream: unknown, path: string, more: Partial<WriteJob> = {}) {
      const files = { draft: join(root, ".draft"), target: join(root, "out") };
      return writeStream({ ...job(stream, path), ...files, ...more }, () => {});
    },
    async stream(path: string): Promise<unknown> {
      const read = await run("file.read", { path, encoding: "stream" });
      return (read as { readonly content: unknown }).content;
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}
