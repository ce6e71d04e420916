/**
 * One run of a user's JavaScript in QuickJS compiled to WebAssembly: another engine in another
 * heap, which has the language and nothing else: no I/O, no timers, no modules, no object of the
 * host. Text goes in and text comes out. Runs inside sandbox-worker.ts.
 *
 * X1. Only JSON text crosses the border, in both directions.
 * X2. CPU time is that of this thread (a busy machine does not eat into it) and is checked by the
 *     engine as it runs.
 * X3. Memory is bounded twice: by the engine's own count, which leaves out the bytes of array
 *     buffers, and by a WebAssembly memory that cannot grow further, which leaves out nothing.
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
  readonly Memory: new (limits: { readonly initial: number; readonly maximum: number }) => object;
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
/** The engine's own code, stack and tables; also the least that it starts with. */
const ENGINE_BYTES = 16 * 1024 * 1024;

/** An engine whose memory ends `memoryBytesMax` above what it needs for itself. */
export async function newEngine(memoryBytesMax: number): Promise<QuickJSWASMModule> {
  const wasmMemory = new WebAssembly.Memory({
    initial: ENGINE_BYTES / PAGE_BYTES,
    maximum: Math.ceil((ENGINE_BYTES + memoryBytesMax) / PAGE_BYTES),
  });
  return await newQuickJSWASMModuleFromVariant(newVariant(RELEASE_SYNC, { wasmMemory }));
}

/** Runs `job` to its end. May leave the engine unusable if it throws; the worker then ends. */
export function runInSandbox(engine: QuickJSWASMModule, job: SandboxJob): SandboxResult {
  const runtime = engine.newRuntime();
  runtime.setMemoryLimit(job.memoryBytesMax);
  runtime.setMaxStackSize(STACK_BYTES_MAX);
  const cpuLimit = cpuLimitOf(job.cpuMsMax);
  runtime.setInterruptHandler(cpuLimit.isPassed);
  const context = runtime.newContext();
  const result = resultOf(context, job, cpuLimit);
  try {
    context.dispose();
    runtime.dispose();
  } catch (error) {
    // A job stopped at a limit may leave objects behind, over which the engine aborts; it ends anyway.
    if (result.kind !== "limit") throw error;
  }
  return result;
}

function resultOf(
  context: QuickJSContext,
  job: SandboxJob,
  cpuLimit: ReturnType<typeof cpuLimitOf>,
): SandboxResult {
  try {
    return runCode(context, job);
  } catch (error) {
    return cpuLimit.wasPassed()
      ? { kind: "limit", limit: "cpuMs" }
      : failureOf(error, isModule(job.code) ? 0 : 1);
  }
}

function runCode(context: QuickJSContext, job: SandboxJob): SandboxResult {
  using json = context.getProp(context.global, "JSON");
  // Taken before the user's code runs, which may replace them.
  using parse = context.getProp(json, "parse");
  using stringify = context.getProp(json, "stringify");
  using inputText = context.newString(job.inputJson);
  using input = context.unwrapResult(context.callFunction(parse, context.undefined, inputText));
  context.setProp(context.global, "input", input);
  using value = settled(context, evaluated(context, job.code, input));
  using text = context.unwrapResult(context.callFunction(stringify, context.undefined, value));
  if (context.typeof(text) !== "string") return { kind: "done", outputJson: "null" };
  using length = context.getProp(text, "length");
  if (context.getNumber(length) > job.outputLengthMax)
    return { kind: "limit", limit: "outputLength" };
  return { kind: "done", outputJson: context.getString(text) };
}

/** The value of a function body, or of a module's default export (called with the input if it is a function). */
function evaluated(context: QuickJSContext, code: string, input: QuickJSHandle): QuickJSHandle {
  if (!isModule(code)) {
    using body = context.unwrapResult(
      context.evalCode(`${FUNCTION_HEAD}${code}\n})`, FILE_NAME, { type: "global" }),
    );
    return context.unwrapResult(context.callFunction(body, context.undefined));
  }
  using namespace = settled(
    context,
    context.unwrapResult(context.evalCode(code, FILE_NAME, { type: "module" })),
  );
  const main = context.getProp(namespace, "default");
  if (context.typeof(main) !== "function") return main;
  using callable = main;
  return context.unwrapResult(context.callFunction(callable, context.undefined, input));
}

function isModule(code: string): boolean {
  return /^\s*export\s+default\b/m.test(code);
}

/** What a promise becomes when all that is pending has run; other values as they are. Takes over `handle`. */
function settled(context: QuickJSContext, handle: QuickJSHandle): QuickJSHandle {
  const ran = context.runtime.executePendingJobs();
  if (ran.error) {
    using failure = ran.error;
    throw new SandboxThrow(context.dump(failure));
  }
  const state = context.getPromiseState(handle);
  if (state.type === "fulfilled") {
    if (state.notAPromise !== true) handle.dispose();
    return state.value;
  }
  handle.dispose();
  if (state.type === "pending")
    throw new SandboxThrow({
      name: "Error",
      message: "the promise never settles: there is nothing to wait for in the sandbox",
    });
  using failure = state.error;
  throw new SandboxThrow(context.dump(failure));
}

/** A value the user's code threw, as plain data. */
class SandboxThrow extends Error {
  readonly thrown: unknown;
  constructor(thrown: unknown) {
    super("the sandboxed code threw");
    this.thrown = thrown;
  }
}

/** `linesBefore`: how many lines stand before the user's text. Throws what is no failure of the code. */
function failureOf(error: unknown, linesBefore: number): SandboxResult {
  // unwrapResult throws an error whose cause is the dumped value.
  const thrown = error instanceof SandboxThrow ? error.thrown : (error as Error).cause;
  if (typeof thrown !== "object" || thrown === null) {
    if (!(error instanceof SandboxThrow) && thrown === undefined) throw error;
    return { kind: "threw", message: `threw ${shortJson(thrown)}`, line: null };
  }
  const { name, message, stack } = thrown as Readonly<Record<string, unknown>>;
  if (name === "InternalError" && message === "out of memory")
    return { kind: "limit", limit: "memoryBytes" };
  if (name === "InternalError" && message === "stack overflow")
    return { kind: "limit", limit: "stack" };
  if (typeof name !== "string" && typeof message !== "string")
    return { kind: "threw", message: `threw ${shortJson(thrown)}`, line: null };
  return {
    kind: "threw",
    message: `${String(name ?? "Error")}: ${String(message)}`.slice(0, 2000),
    line: lineOf(String(stack ?? ""), linesBefore),
  };
}

function shortJson(value: unknown): string {
  try {
    return String(JSON.stringify(value)).slice(0, 500);
  } catch {
    return "an object";
  }
}

/** The line of the innermost frame in the user's file. */
function lineOf(stack: string, linesBefore: number): number | null {
  const found = new RegExp(`${FILE_NAME}:(\\d+)`).exec(stack)?.[1];
  return found === undefined ? null : Math.max(1, Number(found) - linesBefore);
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
