/** Counts of shared values by scope, from rows of the scopes that have any. */
import type { SharedScope, SharedUsage } from "#ports/state-store.ts";

export const NO_USAGE: SharedUsage = { names: 0, bytes: 0 };

export function totalsByScope(
  rows: readonly (SharedUsage & { readonly scope: SharedScope })[],
): Readonly<Record<SharedScope, SharedUsage>> {
  const of = (scope: SharedScope): SharedUsage => {
    const { names, bytes } = rows.find((row) => row.scope === scope) ?? NO_USAGE;
    return { names, bytes };
  };
  return { workflow: of("workflow"), tenant: of("tenant") };
}
