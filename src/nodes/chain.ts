/**
 * The chain around the code of an effectful node, compiled once for each order:
 *
 *   trace -> metrics -> log -> size -> abort -> schema -> the user's middleware -> node
 *
 *   K1. A link is a function from what is inside to what is outside; it answers a promise and never
 *       throws. Links that have nothing to do on this host are left out when the chain is made.
 *   K2. An order is chosen by the step, else by its type, else globally. Built-in links that it does
 *       not name stand around all that it names: none can be lost.
 *   K3. What leaves the chain is checked once more where a middleware outside of `schema` made it or
 *       had it in its hands (it may have changed it in place): no order lets anything else than
 *       plain JSON that fits into the journal.
 *   K4. What a middleware throws is the step's error, with the middleware's name; what comes from
 *       inside goes through untouched.
 */
import { LockstitchError } from "#errors/errors.ts";
import { NodeError } from "#errors/step-error.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { Meter } from "#ports/meter.ts";
import {
  abortLink,
  type Inner,
  type Link,
  nodeEnd,
  schemaLink,
  sizeLink,
  stateEnd,
  stepErrorOf,
  uncheck,
} from "./attempt.ts";
import { frozen, frozenContext } from "./frozen.ts";
import type { ChainOptions, Middleware, MiddlewareContext, TraceAttempt } from "./middleware.ts";

/** Links that look on and change nothing. */
const WATCHING = ["trace", "metrics", "log"] as const;
const BUILT_IN = [...WATCHING, "size", "abort", "schema"] as const;
type BuiltIn = (typeof BUILT_IN)[number];

export interface ChainHost {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly logger: Logger;
  readonly meter: Meter | null;
}

export interface Chains {
  /** The chain for a type; `own` is the step's order. Throws NodeError config_invalid for a name nobody has. */
  of(type: string, own: readonly string[] | null): Inner;
  /**
   * The one of state nodes: their attempt only says what the commit is to do, so there is nothing
   * that a middleware could see the end of, or change.
   */
  readonly ofState: Inner;
}

/** Throws LockstitchError config_invalid for names and orders that cannot be. */
export function createChains(options: ChainOptions, host: ChainHost): Chains {
  const links = new Map<string, Link | null>(Object.entries(builtInLinks(options, host)));
  const users = options.middleware ?? [];
  for (const middleware of users) {
    refuseName(middleware, links);
    links.set(middleware.name, userLink(middleware));
  }
  const standard = options.order ?? users.map(({ name }) => name);
  for (const [place, order] of [
    ["order", standard] as const,
    ...Object.entries(options.types ?? {}).map(([type, own]) => [`types.${type}`, own] as const),
  ]) {
    const fault = faultOf(order, links);
    if (fault !== null) throw new LockstitchError("config_invalid", `chain.${place}: ${fault}`);
  }
  const compiled = compile(standard, links);
  const byType = new Map(
    Object.entries(options.types ?? {}).map(([type, order]) => [type, compile(order, links)]),
  );
  const byOrder = new WeakMap<readonly string[], Inner>();
  return {
    ofState: around(WATCHING, links, stateEnd),
    of(type, own) {
      if (own === null) return byType.get(type) ?? compiled;
      let chain = byOrder.get(own);
      if (chain === undefined) {
        const fault = faultOf(own, links);
        if (fault !== null) throw new NodeError("config_invalid", `middleware: ${fault}`);
        chain = compile(own, links);
        byOrder.set(own, chain);
      }
      return chain;
    },
  };
}

/** All names of a chain, the outermost first. */
export function completed(order: readonly string[]): readonly string[] {
  return [...BUILT_IN.filter((name) => !order.includes(name)), ...order];
}

function compile(order: readonly string[], links: ReadonlyMap<string, Link | null>): Inner {
  return around(completed(order), links, nodeEnd);
}

function around(
  names: readonly string[],
  links: ReadonlyMap<string, Link | null>,
  end: Inner,
): Inner {
  return names.reduceRight<Inner>((inner, name) => {
    const link = links.get(name) ?? null;
    return link === null ? inner : link(inner);
  }, end);
}

function faultOf(order: readonly string[], links: ReadonlyMap<string, unknown>): string | null {
  const unknown = order.find((name) => !links.has(name));
  if (unknown !== undefined)
    return `this host has no middleware \`${unknown}\`; it has ${[...links.keys()].join(", ")}.`;
  const twice = order.find((name, at) => order.indexOf(name) !== at);
  return twice === undefined ? null : `\`${twice}\` is there twice; name it once.`;
}

function refuseName({ name, run }: Middleware, links: ReadonlyMap<string, unknown>): void {
  const fault =
    typeof run !== "function" || typeof name !== "string"
      ? "is { name, run: async (context, config, next) => output }."
      : !/^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/.test(name)
        ? "a name is lower case words joined by - or _."
        : links.has(name)
          ? "the name is taken; choose another."
          : null;
  if (fault !== null)
    throw new LockstitchError("config_invalid", `middleware ${String(name)}: ${fault}`);
}

function builtInLinks(options: ChainOptions, host: ChainHost): Record<BuiltIn, Link | null> {
  const { meter, clock } = host;
  return {
    trace: options.trace === undefined ? null : traceLink(options.trace, host),
    metrics: meter === null ? null : metricsLink(meter, clock),
    log: options.log === true ? logLink(host) : null,
    size: sizeLink,
    abort: abortLink,
    schema: schemaLink,
  };
}

function traceLink(trace: TraceAttempt, { clock, logger }: ChainHost): Link {
  const guarded = <Value>(work: () => Value): Value | null => {
    try {
      return work();
    } catch (error) {
      logger.error({ error: String(error) }, "a tracing hook failed");
      return null;
    }
  };
  return (inner) => (call, config) => {
    const end = guarded(() => trace(call.context as MiddlewareContext));
    if (end === null) return inner(call, config);
    const startedAtMs = clock.monotonicMs();
    const tell = (code: string | null) =>
      guarded(() => end({ code, tookMs: clock.monotonicMs() - startedAtMs }));
    return watched(inner(call, config), tell);
  };
}

function metricsLink(meter: Meter, clock: ChainHost["clock"]): Link {
  return (inner) => (call, config) => {
    const startedAtMs = clock.monotonicMs();
    return watched(inner(call, config), (code) => {
      const end = code === null ? "succeeded" : code === "aborted" ? "aborted" : "failed";
      meter.attempt(call.definition.type, end, clock.monotonicMs() - startedAtMs);
    });
  };
}

/** The code and nothing that a node made: there is no secret in it, and nothing to escape. */
function logLink({ logger, clock }: ChainHost): Link {
  return (inner) => (call, config) => {
    const startedAtMs = clock.monotonicMs();
    return watched(inner(call, config), (code) => {
      const { runId, path, attempt, workflow, tenant } = call.context;
      const names = { runId, path, attempt, workflow, tenant, uses: call.definition.type };
      const tookMs = Math.round(clock.monotonicMs() - startedAtMs);
      if (code === null) logger.debug({ ...names, tookMs }, "attempt succeeded");
      else logger.debug({ ...names, tookMs, code }, "attempt failed");
    });
  };
}

/** `running`, with `tell` called before it goes on; the code of an error, null for none. */
function watched(running: Promise<unknown>, tell: (code: string | null) => void): Promise<unknown> {
  return running.then(
    (output) => {
      tell(null);
      return output;
    },
    (error: unknown) => {
      tell(stepErrorOf(error).code);
      throw error;
    },
  );
}

function userLink({ name, run }: Middleware): Link {
  return (inner) => async (call, config) => {
    const fromInside: unknown[] = [];
    const next = (given: unknown = config) => {
      const going = inner(call, given);
      // A middleware may leave it alone; a failure of it is no failure of the process.
      going.then(undefined, (error: unknown) => void fromInside.push(error));
      return going;
    };
    try {
      frozenContext(call.context);
      return await run(call.context as MiddlewareContext, frozen(config), next);
    } catch (error) {
      throw fromInside.includes(error) ? error : namedError(name, error);
    } finally {
      // What was checked before may have been changed in place since.
      uncheck(call);
    }
  };
}

function namedError(name: string, error: unknown): NodeError {
  const { code, message, retryable, details } = stepErrorOf(error);
  return new NodeError(code as NodeError["code"], `middleware ${name}: ${message}`, {
    retryable,
    details: { middleware: name, ...(details === undefined ? {} : { details }) },
    cause: error,
  });
}
