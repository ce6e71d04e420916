/** What doctor looks at outside the store: Node, the data directory, its disk, the clock. */
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Settings } from "../settings.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const NODE_MAJOR_MIN = 24;
const SYNCS = 20;
const SYNC_MS_SLOW = 20;
/** No disk answers in less: something between says that it has written and has not. */
const SYNC_MS_UNLIKELY = 0.01;
const WRITTEN = Buffer.alloc(4096, 1);
const OTHERS = 0o077;
const EARLIEST_MS = Date.UTC(2024, 0, 1);
const MIB = 1024 * 1024;

export function nodeVersion(version: string): Finding {
  const major = Number(version.replace(/^v/, "").split(".", 1)[0]);
  return major >= NODE_MAJOR_MIN
    ? ok("node", `Node ${version}`)
    : fail("node", `Node ${version} is too old`, `Use Node ${NODE_MAJOR_MIN} or later.`);
}

export function dataDirectory({ data }: Settings): Finding {
  const stat = statSync(data, { throwIfNoEntry: false });
  if (stat === undefined)
    return ok("data directory", `${data} is not there yet; the first run makes it`);
  const uid = process.getuid?.();
  try {
    accessSync(data, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    // Whatever forbids it: the finding says what to do.
    return fail(
      "data directory",
      `${data} cannot be written by this user`,
      `Give it to the user that runs Lockstitch: chown -R ${uid ?? "USER"} ${data}`,
    );
  }
  if (uid !== undefined && stat.uid !== uid)
    return warn(
      "data directory",
      `${data} belongs to user ${stat.uid}, this is ${uid}`,
      "Run Lockstitch as its owner: files that two users write end up unwritable for one of them.",
    );
  if ((stat.mode & OTHERS) !== 0)
    return warn("data directory", `others may look into ${data}`, `chmod 700 ${data}`);
  return ok("data directory", data);
}

export async function freeSpace({ data, store }: Settings): Promise<Finding> {
  if (statSync(data, { throwIfNoEntry: false }) === undefined)
    return ok("free space", "not known yet");
  const { bavail, blocks, bsize } = await statfs(data);
  const percent = blocks === 0 ? 100 : (100 * bavail) / blocks;
  const text = `${percent.toFixed(1)} % free (${Math.round((bavail * bsize) / MIB)} MiB)`;
  const limit = store.diskFreePercentMin;
  if (percent < limit)
    return fail(
      "free space",
      text,
      `Below ${limit} % new runs are refused: free space, or shorten the retention.`,
    );
  if (percent < 2 * limit)
    return warn(
      "free space",
      text,
      `New runs are refused below ${limit} %: see docs/operations.md, Retention.`,
    );
  return ok("free space", text);
}

/** How long the disk takes to make a page durable; every durable answer waits for one. */
export function syncSpeed({ data }: Settings): Finding {
  if (statSync(data, { throwIfNoEntry: false }) === undefined)
    return ok("fsync", "not measured yet");
  const path = join(data, `doctor-${process.pid}.tmp`);
  const times: number[] = [];
  try {
    const file = openSync(path, "w", 0o600);
    try {
      for (let at = 0; at < SYNCS; at++) {
        writeSync(file, WRITTEN);
        const beganMs = performance.now();
        fsyncSync(file);
        times.push(performance.now() - beganMs);
      }
    } finally {
      closeSync(file);
      rmSync(path, { force: true });
    }
  } catch (error) {
    return fail(
      "fsync",
      `cannot be measured: ${String(error)}`,
      "See the data directory and the disk.",
    );
  }
  const median = times.toSorted((a, b) => a - b)[SYNCS / 2] ?? 0;
  const text = `${median.toFixed(2)} ms a page`;
  if (median > SYNC_MS_SLOW)
    return warn("fsync", text, "Every durable answer waits for it: use a faster local disk.");
  if (median < SYNC_MS_UNLIKELY)
    return warn(
      "fsync",
      text,
      "That is memory, or a disk that does not wait: a power cut may lose runs.",
    );
  return ok("fsync", text);
}

export function clockSanity(nowMs: number, newestAtMs: number | null): Finding {
  const now = new Date(nowMs).toISOString();
  if (nowMs < EARLIEST_MS)
    return fail("clock", `it is said to be ${now}`, "Set the machine's clock.");
  if (newestAtMs !== null && newestAtMs > nowMs + 60_000)
    return fail(
      "clock",
      `${now} is before the newest event (${new Date(newestAtMs).toISOString()})`,
      "The clock went back: set it; until then timers wait longer than they should.",
    );
  return ok("clock", now);
}
