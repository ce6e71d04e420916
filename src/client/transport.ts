/**
 * One HTTP exchange with a Lockstitch server, repeated where that is safe and helps; problem
 * documents become LockstitchError. No state but the address.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ERRORS, type ErrorCode, LockstitchError } from "#errors/errors.ts";
import { ProblemJson } from "./wire/workflow.ts";

export interface TransportOptions {
  /** `http://127.0.0.1:7420`, without `/api/v1`. */
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  /** Repeats after a failure that may pass; default 5, about 3 s in all. */
  readonly repeats?: number;
  /** How long an answer to one request is waited for; without end by default: some wait for a run. */
  readonly answerMsMax?: number;
  /** How a pause between repeats is waited for; tests hand in their own. */
  readonly sleep?: (delayMs: number, signal?: AbortSignal) => Promise<void>;
}

export interface Exchange {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below `/api/v1`. */
  readonly path: string;
  readonly json?: unknown;
  /** A definition as written, JSON or YAML. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Default true: callers give creations a key that makes them so. */
  readonly isRepeatable?: boolean;
}

export interface Transport {
  request(exchange: Exchange): Promise<{ readonly status: number; readonly json: unknown }>;
  /** The answer as it comes, not repeated; rejects with the server's error. */
  open(exchange: Exchange): Promise<Response>;
  /** Opens an event stream; rejects with the server's error. */
  stream(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  /** Waits before repeat number `failures` + 1: 0.1 s doubling to 2 s, less when `signal` aborts. */
  pause(failures: number, signal?: AbortSignal): Promise<void>;
}

const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 2_000;

/** Aborts when the caller does, or when it took too long. */
function signalOf(signal?: AbortSignal, msMax?: number): AbortSignal | null {
  const late = msMax === undefined ? [] : [AbortSignal.timeout(msMax)];
  const signals = signal === undefined ? late : [signal, ...late];
  return signals.length === 0 ? null : AbortSignal.any(signals);
}

/** A transport on fetch. */
export function createTransport(options: TransportOptions): Transport {
  const { apiKey, sleep = sleepOnTimer } = options;
  const base = `${options.baseUrl.replace(/\/+$/, "")}/api/v1`;
  const authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const repeats = options.repeats ?? 5;

  const once = async (exchange: Exchange): Promise<Response> => {
    try {
      return await fetch(base + exchange.path, {
        method: exchange.method,
        headers: { ...bodyType(exchange), ...authorization, ...exchange.headers },
        body: exchange.text ?? (exchange.json === undefined ? null : JSON.stringify(exchange.json)),
        signal: signalOf(exchange.signal, options.answerMsMax),
      });
    } catch (error) {
      if (exchange.signal?.aborted === true) throw error;
      throw noAnswer(options.baseUrl, error);
    }
  };

  /** A server that dies in the midst of its answer has given none. */
  const wholeText = async (exchange: Exchange, response: Response): Promise<string> => {
    try {
      return await response.text();
    } catch (error) {
      if (exchange.signal?.aborted === true) throw error;
      throw noAnswer(options.baseUrl, error);
    }
  };

  const transport: Transport = {
    async request(exchange) {
      for (let failures = 0; ; failures++) {
        try {
          const response = await once(exchange);
          const text = await wholeText(exchange, response);
          if (!response.ok) throw errorOf(response, text);
          return { status: response.status, json: jsonOf(response, text) };
        } catch (error) {
          const mayPass =
            error instanceof LockstitchError && ERRORS[error.code].retry === "backoff";
          if (!mayPass || exchange.isRepeatable === false || failures >= repeats) throw error;
          await transport.pause(failures, exchange.signal);
        }
      }
    },
    async open(exchange) {
      const response = await once(exchange);
      if (!response.ok) throw errorOf(response, await wholeText(exchange, response));
      return response;
    },
    async stream(path, signal) {
      const accept = { accept: "text/event-stream" };
      const exchange: Exchange = { method: "GET", path, signal, headers: accept };
      const response = await once(exchange);
      if (!response.ok || response.body === null)
        throw errorOf(response, await wholeText(exchange, response));
      return response.body;
    },
    pause: (failures, signal) =>
      sleep(Math.min(PAUSE_FIRST_MS * 2 ** failures, PAUSE_MAX_MS), signal),
  };
  return transport;
}

async function sleepOnTimer(delayMs: number, signal?: AbortSignal): Promise<void> {
  // Rejects only when the signal aborts, and then the caller looks at the signal.
  await delay(delayMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

function noAnswer(baseUrl: string, cause: unknown): LockstitchError {
  return new LockstitchError(
    "store_unavailable",
    `No answer from ${baseUrl}: is the server running?`,
    { cause },
  );
}

function bodyType(exchange: Exchange): Readonly<Record<string, string>> {
  if (exchange.text !== undefined)
    return {
      "content-type": exchange.text.trimStart().startsWith("{")
        ? "application/json"
        : "application/yaml",
    };
  return exchange.json === undefined ? {} : { "content-type": "application/json" };
}

/** The server's problem as the error it was; `internal` where the answer is not one of ours. */
function errorOf(response: Response, text: string): LockstitchError {
  const problem = ProblemJson.safeParse(jsonOrNull(text));
  if (!problem.success || !(problem.data.code in ERRORS))
    return new LockstitchError(
      response.status === 503 ? "store_unavailable" : "internal",
      `${response.url} answered ${response.status} with something that is no problem document.`,
      { details: { status: response.status, body: text.slice(0, 1_000) } },
    );
  const { code, detail, details, errors } = problem.data;
  return new LockstitchError(code as ErrorCode, detail, {
    details: { ...details, ...(errors === undefined ? {} : { errors }) },
  });
}

/** null where there is nothing to say (204). Throws LockstitchError internal where another server answers for ours. */
function jsonOf(response: Response, text: string): unknown {
  if (response.status === 204) return null;
  const json = jsonOrNull(text);
  if (json !== null || text.trim() === "null") return json;
  throw new LockstitchError(
    "internal",
    `${response.url} answered ${response.status} with something that is no JSON: is it a Lockstitch server?`,
    { details: { status: response.status, body: text.slice(0, 1_000) } },
  );
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller says what it makes of an answer that is no JSON.
    return null;
  }
}
