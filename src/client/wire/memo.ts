/** Remembered results over HTTP: schemas and both directions (see run.ts). */
import { z } from "zod";
import type { MemoView } from "#engine/engine.ts";
import { Instant, isoOf, isoOrNull, msOf, msOrNull } from "./instants.ts";

export const MemoJson = z
  .object({
    key: z.string().meta({ description: "The full key: SHA-256, hex." }),
    label: z
      .string()
      .nullable()
      .meta({ description: "The `key` of the step; null: its whole configuration is the key." }),
    scope: z.enum(["run", "workflow", "tenant"]),
    uses: z.string(),
    workflow: z.string(),
    runId: z.string(),
    path: z.string(),
    bytes: z.int().meta({ description: "Of the output's JSON text." }),
    createdAt: Instant,
    expiresAt: Instant.nullable(),
    usedAt: Instant,
  })
  .meta({ id: "Memo", description: "A result that is kept to be used again." });
export type MemoJson = z.infer<typeof MemoJson>;

export const MemoListJson = z
  .object({
    items: z.array(MemoJson),
    cursor: z.string().nullable().meta({ description: "Pass it for more; null at the end." }),
  })
  .meta({ id: "MemoList" });

export const MemosClearedJson = z.object({ cleared: z.int() }).meta({ id: "MemosCleared" });

export function memoToJson(memo: MemoView): MemoJson {
  const { createdAtMs, expiresAtMs, usedAtMs, ...rest } = memo;
  return {
    ...rest,
    createdAt: isoOf(createdAtMs),
    expiresAt: isoOrNull(expiresAtMs),
    usedAt: isoOf(usedAtMs),
  };
}

export function memoFromJson(json: MemoJson): MemoView {
  const { createdAt, expiresAt, usedAt, ...rest } = json;
  return {
    ...rest,
    createdAtMs: msOf(createdAt),
    expiresAtMs: msOrNull(expiresAt),
    usedAtMs: msOf(usedAt),
  };
}
