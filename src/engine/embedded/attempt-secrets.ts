/**
 * Secrets of one attempt: their values are put into the configuration just before the node runs,
 * and a redactor goes with the request that keeps them in.
 *
 *   Z1. An attempt uses the values that are current when it begins. Rotation breaks no retry: where
 *       the version is another than the journaled one, the attempt's log says so.
 *   Z2. A missing secret fails the step and names it and the places that were searched.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { StepError } from "#errors/step-error.ts";
import { stepErrorOf } from "#nodes/attempt.ts";
import { type NamedValue, Redactor, unusableSecret } from "#nodes/redactor.ts";
import type { Logger } from "#ports/logger.ts";
import type { Secrets } from "#ports/secrets.ts";
import type { SecretName } from "#workflow/expression/secret-text.ts";
import {
  resolveSecretTexts,
  type SecretUse,
  secretNamesIn,
} from "#workflow/expression/secret-uses.ts";
import { AttemptContext, type AttemptFields, type AttemptHost } from "./attempt-context.ts";
import type { AttemptRequest } from "./options.ts";
import { redactedLogger, redactedServices } from "./redacting-runner.ts";

/** An attempt that holds secrets: its log and its services pass the redactor. */
class SecretAttemptContext extends AttemptContext {
  readonly redactor: Redactor;
  readonly secretNames: readonly string[];

  constructor(
    fields: AttemptFields,
    host: AttemptHost,
    { redactor, names }: { readonly redactor: Redactor; readonly names: readonly string[] },
  ) {
    super(fields, {
      abort: host.abort,
      clock: host.clock,
      logs: host.logs,
      redactor,
      beat: (beat) => host.beat(redactor.value(beat) as typeof beat),
      logger: redactedLogger(host.logger, redactor),
      services: redactedServices(host.services, redactor),
    });
    this.redactor = redactor;
    this.secretNames = names;
  }
}

/** The attempt with its secrets, or why there is none. */
export async function withSecrets(
  fields: AttemptFields,
  host: AttemptHost,
  uses: readonly SecretUse[],
  secrets: Secrets,
): Promise<AttemptRequest | StepError> {
  const values: NamedValue[] = [];
  for (const named of secretNamesIn(uses)) {
    const found = await lookUp(fields, named, { secrets, logger: host.logger });
    if ("code" in found) return found;
    values.push(found);
  }
  const made = new Map(values.map(({ name, value }) => [name, value]));
  try {
    const results: NamedValue[] = [];
    const config = resolveSecretTexts(fields.config, uses, {
      secret: (name) => made.get(name) ?? "",
      made: (names, text) => results.push({ name: names.join("+"), value: text }),
    });
    const redactor = new Redactor([...values, ...results]);
    const names = values.map(({ name }) => name);
    return new SecretAttemptContext({ ...fields, config }, host, { redactor, names });
  } catch (error) {
    const redactor = new Redactor(values);
    return redactor.value(stepErrorOf(error)) as StepError;
  }
}

async function lookUp(
  { runId, path, attempt, workflow, tenant }: AttemptFields,
  { secret: name, version }: SecretName,
  { secrets, logger }: { readonly secrets: Secrets; readonly logger: Logger },
): Promise<NamedValue | StepError> {
  const found = await secrets.resolve(tenant, name).catch(unreadable);
  if (found !== null && "code" in found) return found;
  if (found === null) {
    const places = secrets.places(tenant, name);
    const looked =
      places.length === 0 ? "this host has no secrets" : `looked for ${places.join(", and for ")}`;
    return {
      code: "secret_not_found",
      message: `There is no secret ${name}: ${looked}.`,
      retryable: false,
      details: { secret: name },
    };
  }
  const reason = unusableSecret(found.value);
  if (reason !== null)
    return {
      code: "secret_unusable",
      message: `Secret ${name} cannot be used: ${reason}.`,
      retryable: false,
      details: { secret: name },
    };
  if (version !== null && version !== found.version)
    logger.info(
      {
        ...{ runId, path, attempt, workflow, tenant, secret: name },
        ...{ scheduledVersion: version, usedVersion: found.version },
      },
      `secret ${name} has changed since the step was scheduled`,
    );
  return { name, value: found.value };
}

/** Places that cannot be read now may be readable soon. */
function unreadable(error: unknown): StepError {
  if (!(error instanceof LockstitchError)) throw error;
  return { code: "secret_unusable", message: error.message, retryable: true };
}
