/**
 * Cleanups that failed where nobody could handle it: their steps had been told to stop, so no catch,
 * `onError` or port saw them. They decide how the run ends.
 */
import { FAILURES_MAX } from "./scopes/control.ts";
import type { RunState, Unclean } from "./state.ts";

/** As one failure that lists all; null: everything is clean. */
export function uncleanOf({ unclean, body }: RunState): Unclean | null {
  const own =
    body?.error?.code === "compensation_failed" ? [{ error: body.error, path: body.path }] : [];
  const all = [...own.filter(({ path }) => !unclean.some((one) => one.path === path)), ...unclean];
  const [first] = all;
  if (first === undefined || all.length === 1) return first ?? null;
  const failed = all.flatMap(failedIn);
  const isSaga = all.some(({ error }) => error.code === "compensation_failed");
  return {
    error: {
      code: isSaga ? "compensation_failed" : "cleanup_timeout",
      message: `${all.length} steps could not be cleaned up; the first: ${first.error.message}`,
      retryable: false,
      details: { failed: failed.slice(0, FAILURES_MAX), count: failed.length },
    },
    path: first.path,
  };
}

/** What a saga lists, or the step itself. */
function failedIn({ error, path }: Unclean): readonly unknown[] {
  const { code, message } = error;
  const details = error.details as { readonly failed?: readonly unknown[] } | undefined;
  return details?.failed ?? [{ path, error: { code, message } }];
}
