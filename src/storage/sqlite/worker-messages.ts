/** What passes between the calling thread and the writer's worker. */
import { type ErrorCode, LockstitchError } from "#errors/errors.ts";
import type { MemoLimits } from "../memo-limits.ts";
import type { WriterCall } from "./writer-calls.ts";

/** Given to the worker when it starts. */
export interface WorkerStart {
  readonly path: string;
  readonly epoch: number;
  readonly memoLimits?: MemoLimits;
}

/** `close` is answered last; the input of `commit` is a FlatGroup. */
export interface WorkerRequest {
  readonly id: number;
  readonly kind: WriterCall | "close";
  readonly input: unknown;
}

/** An Error loses its class on the way: it travels as data. */
export type WorkerAnswer = { readonly id: number; readonly output: unknown } | WorkerFailure;

interface WorkerFailure {
  readonly id: number;
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

export function failureOf({ error }: WorkerFailure): LockstitchError {
  const { code, message, details } = error;
  return new LockstitchError(code, message, { details: { ...details } });
}
