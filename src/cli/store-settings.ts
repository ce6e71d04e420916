/** The rows of the settings' table that say how long runs are kept, and what is made of them. */
import { z } from "zod";
import type { RetentionOptions } from "#engine/embedded/retention.ts";

const Days = z.number().min(0).max(36_500);
const WorkflowDays = z.string().regex(/^[^=]+=\d+(\.\d+)?$/, "must look like name=days");

export const STORE_SETTINGS = [
  {
    key: "redis.url",
    env: "LOCKSTITCH_REDIS_URL",
    flag: "redis",
    schema: z.string().regex(/^rediss?:\/\//, "is not a URL of a Redis server"),
    initial: null,
    example: "redis://cache.example:6379/0",
    about:
      "Redis 7 server beside the database: large payloads kept for other hosts, rate limits and notices of hosts; nothing of record lies there",
  },
  {
    key: "retention.days",
    env: "LOCKSTITCH_RETENTION_DAYS",
    schema: Days,
    initial: 30,
    example: "30",
    about: "days that a run is kept after its end; 0 keeps it for ever",
  },
  {
    key: "retention.succeededDays",
    env: "LOCKSTITCH_RETENTION_SUCCEEDED_DAYS",
    schema: Days,
    initial: null,
    example: "7",
    about: "the same for runs that succeeded",
  },
  {
    key: "retention.failedDays",
    env: "LOCKSTITCH_RETENTION_FAILED_DAYS",
    schema: Days,
    initial: null,
    example: "90",
    about: "the same for runs that failed",
  },
  {
    key: "retention.cancelledDays",
    env: "LOCKSTITCH_RETENTION_CANCELLED_DAYS",
    schema: Days,
    initial: null,
    example: "7",
    about: "the same for runs that were cancelled",
  },
  {
    key: "retention.workflows",
    env: "LOCKSTITCH_RETENTION_WORKFLOWS",
    schema: z.array(WorkflowDays),
    initial: [],
    example: "report=7",
    about: "the same for single workflows, as name=days, whatever the status",
  },
  {
    key: "retention.storeBytesMax",
    env: "LOCKSTITCH_RETENTION_STORE_BYTES_MAX",
    schema: z.int().min(1_000_000),
    initial: null,
    example: "10000000000",
    about: "size of the store above which the oldest runs that have ended go, however young",
  },
  {
    key: "retention.archive",
    env: "LOCKSTITCH_RETENTION_ARCHIVE",
    schema: z.boolean(),
    initial: false,
    example: "true",
    about: "writes a run to the archive before it goes",
  },
  {
    key: "archiveDir",
    env: "LOCKSTITCH_ARCHIVE_DIR",
    schema: z.string().min(1),
    initial: null,
    example: "./archive",
    about: "folder of archived runs; default: `archive` in the data directory",
  },
  {
    key: "disk.freePercentMin",
    env: "LOCKSTITCH_DISK_FREE_PERCENT_MIN",
    schema: z.number().min(0).max(90),
    initial: 5,
    example: "5",
    about: "free space on the disk below which new runs are refused, in percent; 0 never refuses",
  },
] as const;

export interface StoreSettings {
  /** Holds a password, maybe; null: none. Of use where hosts share a database. */
  readonly redis: string | null;
  readonly retention: RetentionOptions;
  /** Absolute; null: `archive` in the data directory. */
  readonly archiveDir: string | null;
  readonly diskFreePercentMin: number;
}

/** Of the table's values by key. */
export function storeSettingsOf(
  value: <T>(key: (typeof STORE_SETTINGS)[number]["key"]) => T,
): StoreSettings {
  const days = value<number>("retention.days");
  const daysOf = (key: (typeof STORE_SETTINGS)[number]["key"]) => value<number | null>(key) ?? days;
  return {
    redis: value("redis.url"),
    retention: {
      days: {
        succeeded: daysOf("retention.succeededDays"),
        failed: daysOf("retention.failedDays"),
        cancelled: daysOf("retention.cancelledDays"),
      },
      workflowDays: Object.fromEntries(
        value<readonly string[]>("retention.workflows").map((text) => {
          const at = text.lastIndexOf("=");
          return [text.slice(0, at), Number(text.slice(at + 1))];
        }),
      ),
      storeBytesMax: value("retention.storeBytesMax"),
      isArchived: value("retention.archive"),
    },
    archiveDir: value("archiveDir"),
    diskFreePercentMin: value("disk.freePercentMin"),
  };
}
