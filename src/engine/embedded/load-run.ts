/** Loads a run from the journal, trying again while the store is away. */
import type { HostServices } from "./host-services.ts";
import type { MailEnd } from "./mail.ts";
import { isStoreAway, runElsewhere } from "./run-errors.ts";
import type { LoadedRun } from "./run-loader.ts";
import type { ValueSource } from "./value-loader.ts";

const PAUSE_MS_FIRST = 50;
const PAUSE_MS_MAX = 5_000;

export type Load =
  | { readonly kind: "loaded"; readonly run: LoadedRun }
  /** There is no such run, it has ended, or it is another host's; `how` is for who still writes. */
  | { readonly kind: "gone"; readonly how: MailEnd }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "closing" };

/** Never rejects. */
export async function loadRun(services: HostServices, source: ValueSource): Promise<Load> {
  for (let failures = 0; ; failures++) {
    if (services.isClosing()) return { kind: "closing" };
    try {
      const run = await services.loader.loadOwn(source.context, source.runId);
      if (run === null) return { kind: "gone", how: { kind: "over" } };
      if ("state" in run) return { kind: "loaded", run };
      return { kind: "gone", how: { kind: "failed", error: runElsewhere(run) } };
    } catch (error) {
      if (!isStoreAway(error)) return { kind: "failed", error };
      await pause(services, failures);
    }
  }
}

/** Exponential backoff with jitter: `failures` are those in a row. */
export async function pause(services: HostServices, failures: number): Promise<void> {
  const { clock, random } = services;
  const limitMs = Math.min(PAUSE_MS_FIRST * 2 ** failures, PAUSE_MS_MAX);
  await new Promise<void>((resolve) => {
    clock.after(limitMs * (0.5 + random.next() / 2), resolve);
  });
}
