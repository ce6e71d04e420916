/**
 * Secrets by name and tenant: what a step may use and nobody may see.
 *
 * Promises (test/contract/secrets.ts holds every adapter to them):
 *   S1. resolve() answers the value that is current now: a change is seen by the next call.
 *   S2. Two values of a name have two versions; the same value may come under a new version, never
 *       another value under an old one. A version tells nothing about the value.
 *   S3. A name that is not there answers null; rejecting means that the source cannot be read.
 *   S4. What another tenant has is not there.
 *   S5. version() never waits: null means unknown, not missing.
 *   S6. No message of an adapter holds a value.
 *
 * A name is letters, digits and `_`, at most 64 characters, and begins with no digit.
 */

export interface Secret {
  readonly value: string;
  readonly version: string;
}

export interface Secrets {
  /** null: there is none. Rejects with LockstitchError secrets_unreadable. */
  resolve(tenant: string, name: string): Promise<Secret | null>;
  /** The current version as far as it is known without waiting. */
  version(tenant: string, name: string): string | null;
  /** Names that resolve() knows, sorted. */
  list(tenant: string): Promise<readonly string[]>;
  /** Where it looks for `name`, for messages: `the environment variable LOCKSTITCH_SECRET_TOKEN`. */
  places(tenant: string, name: string): readonly string[];
}

/** A host without secrets. */
export const NO_SECRETS_PORT: Secrets = {
  resolve: async () => null,
  version: () => null,
  list: async () => [],
  places: () => [],
};
