/**
 * The last line of defence: every value that this process has resolved, for whatever writes lines
 * of its own (the log). Costs nothing until a secret is used.
 */
import type { Secrets } from "#ports/secrets.ts";
import { type NamedValue, Redactor } from "./redactor.ts";

/** Values that are remembered; the oldest is dropped first. */
const VALUES_MAX = 1_000;

export interface WatchedSecrets extends Secrets {
  /** `line` without the values that were resolved so far. */
  redact(line: string): string;
}

export function watchedSecrets(secrets: Secrets): WatchedSecrets {
  const known = new Map<string, NamedValue>();
  let redactor: Redactor | null = null;
  return {
    ...secrets,
    async resolve(tenant, name) {
      const secret = await secrets.resolve(tenant, name);
      if (secret === null || known.has(secret.value)) return secret;
      known.set(secret.value, { name, value: secret.value });
      const [oldest] = known.keys();
      if (known.size > VALUES_MAX && oldest !== undefined) known.delete(oldest);
      redactor = new Redactor([...known.values()]);
      return secret;
    },
    redact: (line) => (redactor === null ? line : redactor.text(line)),
  };
}
