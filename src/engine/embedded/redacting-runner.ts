/**
 * The part of the chain around an attempt that keeps secrets in: whatever the runner is, what an
 * attempt with secrets gives passes its redactor, and so do the log and the services that it is
 * lent. Attempts without secrets pass straight on.
 */
import type { StepError } from "#errors/step-error.ts";
import type { AttemptOutcome } from "#kernel/inputs.ts";
import type { NodeServices } from "#nodes/define-node.ts";
import type { Redactor } from "#nodes/redactor.ts";
import type { Logger } from "#ports/logger.ts";
import type { Json } from "#workflow/json.ts";
import type { AttemptRequest, AttemptRunner } from "./options.ts";

export function redactingRunner(runner: AttemptRunner): AttemptRunner {
  return {
    run(request) {
      const { redactor } = request;
      return redactor === undefined ? runner.run(request) : runRedacted(runner, request, redactor);
    },
  };
}

async function runRedacted(
  runner: AttemptRunner,
  request: AttemptRequest,
  redactor: Redactor,
): Promise<AttemptOutcome> {
  try {
    const outcome = await runner.run(request);
    if (outcome.ok) {
      const output = redactor.value(outcome.output);
      const { operation } = outcome;
      if (operation === undefined) return { ok: true, output };
      return { ok: true, output, operation: redactor.value(operation) as typeof operation };
    }
    return { ok: false, error: redactor.value(outcome.error) as StepError };
  } catch (error) {
    throw redactor.value(error);
  }
}

export function redactedLogger(logger: Logger, redactor: Redactor): Logger {
  const redacted =
    (level: keyof Logger): Logger["info"] =>
    (fields, message) =>
      logger[level](
        redactor.value(fields) as Readonly<Record<string, unknown>>,
        redactor.text(message),
      );
  return {
    debug: redacted("debug"),
    info: redacted("info"),
    warn: redacted("warn"),
    error: redacted("error"),
  };
}

/** A signal is journaled by the run that receives it. */
export function redactedServices(services: NodeServices, redactor: Redactor): NodeServices {
  return {
    ...services,
    sendSignal: (signal) =>
      services.sendSignal({
        ...signal,
        name: redactor.text(signal.name),
        key: signal.key === null ? null : redactor.text(signal.key),
        payload: redactor.value(signal.payload) as Json,
      }),
  };
}
