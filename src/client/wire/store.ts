/** What an operator's calls about the store send and answer: deleting, archiving, copies. */
import { z } from "zod";
import type { HoldView } from "#engine/engine-care.ts";
import type { CheckpointMark } from "#ports/journal.ts";
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

export const CheckpointBody = z
  .strictObject({
    pin: z.boolean().optional().meta({
      description: "Kept until the run is deleted, whatever newer ones come; at most 20 of a run.",
    }),
    reason: z.string().max(2000).optional().meta({ description: "Journaled with who asked." }),
  })
  .optional()
  .meta({ id: "SaveCheckpoint" });

export const CheckpointJson = z
  .object({
    seq: z.int().meta({ description: "The event after which the state was saved." }),
    bytes: z.int(),
    pinned: z.boolean(),
  })
  .meta({ id: "Checkpoint" });
export type CheckpointJson = z.infer<typeof CheckpointJson>;

export const CheckpointListJson = z
  .object({ items: z.array(CheckpointJson).meta({ description: "Newest first." }) })
  .meta({ id: "CheckpointList" });

export function checkpointToJson({ seq, bytes, isPinned }: CheckpointMark): CheckpointJson {
  return { seq, bytes, pinned: isPinned };
}

export function checkpointFromJson({ seq, bytes, pinned }: CheckpointJson): CheckpointMark {
  return { seq, bytes, isPinned: pinned };
}

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
