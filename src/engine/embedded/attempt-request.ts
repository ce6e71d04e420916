/**
 * What an attempt is called with: its values loaded, its secrets read, its context made.
 *
 *   Q1. A store that is away fails no attempt: it waits until its values can be read, or until it is
 *       told to stop.
 */
import type { StepError } from "#errors/step-error.ts";
import type { Effect } from "#kernel/effects.ts";
import { VALUE_LOST, type ValueRef } from "#kernel/value-ref.ts";
import type { AttemptAbort } from "#nodes/attempt-abort.ts";
import { AttemptContext } from "./attempt-context.ts";
import { withSecrets } from "./attempt-secrets.ts";
import type { HeartbeatReport } from "./attempts.ts";
import type { HostServices } from "./host-services.ts";
import type { AttemptRequest } from "./options.ts";
import type { RunFacts } from "./run-facts.ts";
import type { ValueSource } from "./value-loader.ts";

type AttemptEffect = Extract<Effect, { readonly kind: "attempt" }>;
type Prepared = AttemptRequest | StepError;

interface Run {
  readonly key: string;
  readonly source: ValueSource;
  facts(): RunFacts;
}

/** At once where nothing must be loaded; an error is the attempt's outcome. */
export function attemptRequest(
  services: HostServices,
  run: Run,
  effect: AttemptEffect,
  abort: AttemptAbort,
): Prepared | Promise<Prepared> {
  const { input, lastHeartbeat: last } = effect;
  const made = (config: unknown, heartbeat: unknown) =>
    newRequest(services, run, effect, { abort, config, lastHeartbeat: heartbeat });
  if ("v" in input && "v" in last) return made(input.v, last.v);
  return loaded(services, run, effect, abort).then((values) =>
    values === null ? ABORTED : made(values[0], values[1] === VALUE_LOST ? null : values[1]),
  );
}

const ABORTED: StepError = {
  code: "aborted",
  message: "The attempt was told to stop before its values could be read.",
  retryable: false,
};

/** Q1. null: it was told to stop. */
async function loaded(
  { values, attempts }: HostServices,
  { key, source }: Run,
  { path, input, lastHeartbeat }: AttemptEffect,
  abort: AttemptAbort,
): Promise<readonly [unknown, unknown] | null> {
  const load = (ref: ValueRef) => ("v" in ref ? ref.v : values.load(source, ref));
  const asked = await attempts.patience.ask(
    () => Promise.all([load(input), load(lastHeartbeat)]),
    (runKey, at) => runKey === key && at === path,
    () => !abort.isAborted,
  );
  if (asked.kind === "failed") throw asked.error;
  return asked.kind === "answered" ? asked.answer : null;
}

function newRequest(
  { logger, nodeServices: services, secrets, clock, attempts, stepLogs: logs }: HostServices,
  run: Run,
  { path, attempt, uses, timeoutAtMs: deadlineAtMs, secrets: named, middleware }: AttemptEffect,
  given: {
    readonly abort: AttemptAbort;
    readonly config: unknown;
    readonly lastHeartbeat: unknown;
  },
): Prepared | Promise<Prepared> {
  const { abort, config, lastHeartbeat } = given;
  if (config === VALUE_LOST)
    return {
      code: "blob_missing",
      message: `The configuration of step "${path}" is missing or corrupt.`,
      retryable: false,
    };
  const { runId, workflow, tenant } = run.facts();
  const names = { runId, path, attempt, workflow, tenant, uses };
  const fields = { ...names, config, deadlineAtMs, lastHeartbeat, middleware };
  const id = { runId: run.key, path, attempt };
  const beat = (told: HeartbeatReport) => attempts.beat(abort, id, told);
  const host = { services, logger, abort, clock, logs, beat };
  return named === null
    ? new AttemptContext(fields, host)
    : withSecrets(fields, host, named, secrets);
}
