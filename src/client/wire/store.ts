/** What an operator's calls about the store send and answer: deleting, archiving, copies. */
import { z } from "zod";
import type { HoldView } from "#engine/engine-care.ts";
import { Instant, isoOf, msOf } from "./instants.ts";

export const DeletedJson = z
  .object({ id: z.string(), deleted: z.literal(true) })
  .meta({ id: "DeletedRun", description: "The id stays reserved." });

export const ArchivedJson = z
  .object({
    id: z.string(),
    file: z.string().meta({ description: "On the server's machine." }),
    bytes: z.int(),
  })
  .meta({ id: "ArchivedRun" });

export const DeleteQuery = z.strictObject({ reason: z.string().max(2000).optional() });

export const BackupFactsJson = z.object({
  storeId: z.string(),
  schemaVersion: z.int(),
  runs: z.int(),
  openRuns: z.int(),
  bytes: z.int(),
  sha256: z.string(),
});

export const HoldJson = z
  .object({
    held: z.boolean(),
    backupAt: Instant.nullable(),
    openRuns: z.int(),
    doubts: z.array(
      z.object({
        runId: z.string(),
        workflow: z.string(),
        attempts: z.array(z.string()).meta({
          description: "Steps whose attempt had started without an outcome: it may have happened.",
        }),
        overdueTimers: z.int(),
      }),
    ),
  })
  .meta({ id: "StoreHold", description: "Whether the store is a copy that starts paused." });
export type HoldJson = z.infer<typeof HoldJson>;

export function holdToJson(hold: HoldView | null): HoldJson {
  if (hold === null) return { held: false, backupAt: null, openRuns: 0, doubts: [] };
  const { backupAtMs, openRuns, doubts } = hold;
  return {
    held: true,
    backupAt: isoOf(backupAtMs),
    openRuns,
    doubts: doubts.map((doubt) => ({ ...doubt, attempts: [...doubt.attempts] })),
  };
}

export function holdFromJson({ held, backupAt, openRuns, doubts }: HoldJson): HoldView | null {
  if (!held || backupAt === null) return null;
  return { backupAtMs: msOf(backupAt), openRuns, doubts };
}
