/**
 * One run of a user's JavaScript in QuickJS compiled to WebAssembly: another engine in another
 * heap, which has the language and nothing else: no I/O, no timers, no modules, no object of the
 * host. Text goes in and text comes out. Runs inside sandbox-worker.ts.
 *
 * X1. Only JSON text crosses the border, in both directions.
 * X2. CPU time is that of this thread (a busy machine does not eat into it) and is checked by the
 *     engine as it runs.
 * X3. Memory is bounded by a WebAssembly memory that cannot grow further. (The engine's own limit does
 *     not know what an allocation takes here: it counts 8 bytes for each.)
 * X4. The memory begins larger than small jobs may have. For them the surplus is taken away first,
 *     so that it grows when a quarter of what they may have is used, and not before.
 */
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSWASMModule,
  RELEASE_SYNC,
} from "quickjs-emscripten";

/** Node has it; its types come only with those of the browser, which have no place here. */
declare const WebAssembly: {
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
  }) => { readonly buffer: ArrayBuffer };
};

export interface SandboxJob {
  readonly code: string;
  readonly inputJson: string;
  readonly cpuMsMax: number;
  readonly memoryBytesMax: number;
  /** Characters of JSON. */
  readonly outputLengthMax: number;
}

export type SandboxResult =
  | { readonly kind: "done"; readonly outputJson: string }
  /** `line` is 1-based in the user's text; null when the engine did not say. */
  | { readonly kind: "threw"; readonly message: string; readonly line: number | null }
  | { readonly kind: "limit"; readonly limit: "cpuMs" | "memoryBytes" | "outputLength" | "stack" };

const STACK_BYTES_MAX = 256 * 1024;
const FILE_NAME = "code.js";
/** Put before a function body; one line, which lineOf takes off again. */
const FUNCTION_HEAD = "(function () {\n";

const PAGE_BYTES = 64 * 1024;
/** A job that grew its engine by more leaves it to nobody: memory once taken is never given back. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024;
/** The least that the engine starts with; its code, stack and tables need a third of it. */
const ENGINE_BYTES = 16 * 1024 * 1024;
/** Jobs that may have less get an engine whose surplus is taken away. */
const SMALL_BYTES = 20 * 1024 * 1024;
/** The smallest step in which the engine lets its memory grow: a twentieth, in whole pages. */
const STEP_BYTES = 13 * PAGE_BYTES;

export interface SandboxEngine {
  readonly module: QuickJSWASMModule;
  readonly memoryBytesMax: number;
  /** By how much its memory has grown, in bytes. */
  grownBytes(): number;
}

/** Whether the engine may run another job. */
export function isSlim(engine: SandboxEngine): boolean {
  return engine.grownBytes() <= KEPT_BYTES_MAX && !isFull(engine);
}

/** What the engine prints when it aborts is in the error that it throws, and none of the operator's business. */
const QUIET: Parameters<typeof newVariant>[1]["emscriptenModule"] & {
  readonly printErr: (text: string) => void;
} = { printErr: () => {} };

/** An engine whose memory ends `memoryBytesMax` above what it needs for itself. */
export async function newEngine(memoryBytesMax: number): Promise<SandboxEngine> {
  const isSmall = memoryBytesMax < SMALL_BYTES;
  const freeBytes = isSmall ? Math.ceil(memoryBytesMax / 4) : 0;
  const wasmMemory = new WebAssembly.Memory({
    initial: ENGINE_BYTES / PAGE_BYTES,
    maximum: Math.ceil(
      (ENGINE_BYTES + Math.max(STEP_BYTES, memoryBytesMax - freeBytes)) / PAGE_BYTES,
    ),
  });
  const module = await newQuickJSWASMModuleFromVariant(
    newVariant(RELEASE_SYNC, { wasmMemory, emscriptenModule: QUIET }),
  );
  if (isSmall) leaveFree(module, wasmMemory.buffer, freeBytes);
  return { module, memoryBytesMax, grownBytes: () => wasmMemory.buffer.byteLength - ENGINE_BYTES };
}

/** Takes away what is free beyond `bytes`: a buffer in a runtime of its own holds it for good. */
function leaveFree(module: QuickJSWASMModule, memory: ArrayBuffer, bytes: number): void {
  const holder = module.newContext();
  const words = new Uint32Array(memory);
  // What was never used is zero, and new memory is used from below.
  const usedBytes = (words.findLastIndex((word) => word !== 0) + 1) * words.BYTES_PER_ELEMENT;
  const surplus = ENGINE_BYTES - usedBytes - bytes;
  const held = holder.evalCode(`globalThis.held = new ArrayBuffer(${surplus})`);
  holder.unwrapResult(held).dispose();
}

/** Runs `job` to its end. Where `isReusable` is false, or it throws, the engine is in doubt. */
export function runInSandbox(
  engine: SandboxEngine,
  job: SandboxJob,
): { readonly result: SandboxResult; readonly isReusable: boolean } {
  const runtime = engine.module.newRuntime();
  runtime.setMaxStackSize(STACK_BYTES_MAX);
  const cpuLimit = cpuLimitOf(job.cpuMsMax);
  runtime.setInterruptHandler(cpuLimit.isPassed);
  const context = runtime.newContext();
  const result = resultOf(context, engine, job, cpuLimit);
  try {
    context.dispose();
    runtime.dispose();
    return { result, isReusable: result.kind !== "limit" };
  } catch {
    // A job stopped at a limit, or one that throws a promise, leaves objects behind over which the
    // engine aborts. What the job came to is known.
    return { result, isReusable: false };
  }
}

function resultOf(
  context: QuickJSContext,
  engine: SandboxEngine,
  job: SandboxJob,
  cpuLimit: ReturnType<typeof cpuLimitOf>,
): SandboxResult {
  try {
    return runCode(context, job);
  } catch (error) {
    if (cpuLimit.wasPassed()) return { kind: "limit", limit: "cpuMs" };
    if (error instanceof SandboxFull) return { kind: "limit", limit: "memoryBytes" };
    if (!(error instanceof SandboxThrow)) throw error;
    const { thrown } = error;
    if ((thrown === null || thrown === undefined || thrown === "") && isFull(engine))
      return { kind: "limit", limit: "memoryBytes" };
    return failureOf(thrown, job.code);
  }
}

/**
 * Out of memory the engine throws null (or an error of which the text is lost) where it has no room for
 * one, or a Map cannot grow. That it is not the code's own shows in the memory, of which much was used.
 */
function isFull({ memoryBytesMax, grownBytes }: SandboxEngine): boolean {
  return grownBytes() > (memoryBytesMax < SMALL_BYTES ? 0 : memoryBytesMax / 2);
}

/** The value, or what the code threw as SandboxThrow. (unwrapResult lets the thrown value write to its error.) */
function unwrapped(
  context: QuickJSContext,
  result: ReturnType<QuickJSContext["evalCode"]>,
): QuickJSHandle {
  if (result.error === undefined) return present(result.value);
  throw new SandboxThrow(thrownBy(context, result.error));
}

/** Out of memory the library may have no room for a handle and gives one at address 0, for no error. */
function present(handle: QuickJSHandle): QuickJSHandle {
  if (Number(handle.value) === 0) throw new SandboxFull("there is no memory left for a result");
  return handle;
}

/** What was thrown, as plain data. Takes over `failure`. (dump disposes of a promise.) */
function thrownBy(context: QuickJSContext, failure: QuickJSHandle): unknown {
  try {
    return context.dump(failure);
  } finally {
    if (failure.alive) failure.dispose();
  }
}

function runCode(context: QuickJSContext, job: SandboxJob): SandboxResult {
  using json = context.getProp(context.global, "JSON");
  // Taken before the user's code runs, which may replace them.
  using parse = context.getProp(json, "parse");
  using stringify = context.getProp(json, "stringify");
  using inputText = context.newString(job.inputJson);
  using input = unwrapped(context, context.callFunction(parse, context.undefined, inputText));
  context.setProp(context.global, "input", input);
  using value = settled(context, evaluated(context, job.code, input));
  using text = unwrapped(context, context.callFunction(stringify, context.undefined, value));
  if (context.typeof(text) !== "string") return { kind: "done", outputJson: "null" };
  using length = context.getProp(text, "length");
  if (context.getNumber(length) > job.outputLengthMax)
    return { kind: "limit", limit: "outputLength" };
  return { kind: "done", outputJson: context.getString(text) };
}

/** The value of a function body, or of a module's default export (called with the input if it is a function). */
function evaluated(context: QuickJSContext, code: string, input: QuickJSHandle): QuickJSHandle {
  if (!isModule(code)) {
    using body = unwrapped(
      context,
      context.evalCode(`${FUNCTION_HEAD}${code}\n})`, FILE_NAME, { type: "global" }),
    );
    return unwrapped(context, context.callFunction(body, context.undefined));
  }
  using namespace = settled(
    context,
    unwrapped(context, context.evalCode(code, FILE_NAME, { type: "module" })),
  );
  const main = context.getProp(namespace, "default");
  if (context.typeof(main) !== "function") return main;
  using callable = main;
  return unwrapped(context, context.callFunction(callable, context.undefined, input));
}

function isModule(code: string): boolean {
  return /^\s*export\s+default\b/m.test(code);
}

/** What a promise becomes when all that is pending has run; other values as they are. Takes over `handle`. */
function settled(context: QuickJSContext, handle: QuickJSHandle): QuickJSHandle {
  const ran = context.runtime.executePendingJobs();
  if (ran.error) throw new SandboxThrow(thrownBy(context, ran.error));
  const state = context.getPromiseState(handle);
  if (state.type === "fulfilled") {
    if (state.notAPromise !== true) handle.dispose();
    return present(state.value);
  }
  handle.dispose();
  if (state.type === "pending")
    throw new SandboxThrow({
      name: "Error",
      message: "the promise never settles: there is nothing to wait for in the sandbox",
    });
  throw new SandboxThrow(thrownBy(context, state.error));
}

class SandboxFull extends Error {}

/** A value the user's code threw, as plain data. */
class SandboxThrow extends Error {
  readonly thrown: unknown;
  constructor(thrown: unknown) {
    super("the sandboxed code threw");
    this.thrown = thrown;
  }
}

function failureOf(thrown: unknown, code: string): SandboxResult {
  const isThing = typeof thrown === "object" && thrown !== null;
  const { name, message, stack } = (isThing ? thrown : {}) as Readonly<Record<string, unknown>>;
  if (name === "InternalError" && message === "out of memory")
    return { kind: "limit", limit: "memoryBytes" };
  if (name === "InternalError" && message === "stack overflow")
    return { kind: "limit", limit: "stack" };
  if (typeof name !== "string" && typeof message !== "string")
    return { kind: "threw", message: `threw ${shortText(thrown)}`, line: null };
  return {
    kind: "threw",
    message: `${textOf(name) ?? "Error"}: ${textOf(message) ?? ""}`.slice(0, 2000),
    line: lineOf(textOf(stack) ?? "", code),
  };
}

/** A name or message may be anything. */
function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function shortText(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`.slice(0, 500);
  try {
    return String(JSON.stringify(value)).slice(0, 500);
  } catch {
    // Only a word in a message: a circular one has no better.
    return "an object";
  }
}

/** The line of the innermost frame in the user's text; null where the stack tells none that it has. */
function lineOf(stack: string, code: string): number | null {
  const found = new RegExp(`${FILE_NAME}:(\\d+)`).exec(stack)?.[1];
  if (found === undefined) return null;
  const line = Math.max(1, Number(found) - (isModule(code) ? 0 : 1));
  return line <= code.split("\n").length ? line : null;
}

function cpuLimitOf(cpuMsMax: number): { isPassed(): boolean; wasPassed(): boolean } {
  const start = process.threadCpuUsage();
  let passed = false;
  return {
    isPassed() {
      const used = process.threadCpuUsage(start);
      passed = used.user + used.system > cpuMsMax * 1000;
      return passed;
    },
    wasPassed: () => passed,
  };
}
