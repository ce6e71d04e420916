/** What the operator says of a plugin: `plugins:` of the configuration, and `--plugin`. */
import { z } from "zod";
import { Grant, NO_PERMISSIONS } from "./permissions.ts";

const Entry = z.strictObject({
  /** A folder (`./plugins/weather`) or the name of an installed package. */
  from: z.string().min(1).max(1_024),
  /** What it may have of what it declares: the same shape, or "declared" for all of it. */
  allow: Grant.default(NO_PERMISSIONS),
  /** A public key (PEM, or a file with one): only what was signed with it is run. */
  key: z.string().min(1).optional(),
  /** Resident memory above which its process is killed; half of it is for JavaScript's own heap. */
  memoryMib: z.int().min(96).max(65_536).default(512),
  /** How many processors it may keep busy, on average over five seconds. */
  processors: z.number().min(0.05).max(1_024).default(2),
  /** What the folders that it may write may hold together, and one file in them; no limit without. */
  diskMib: z.int().min(1).max(1_048_576).optional(),
  /** How long it may not answer, in an endless loop for example. */
  unresponsiveMs: z.int().min(500).max(600_000).default(5_000),
  /** How long one call may take at most. */
  callTimeoutMs: z.int().min(1).max(86_400_000).default(300_000),
  /** false: without the wall of the operating system, on Node's permission model alone. */
  sealed: z.boolean().default(true),
});

/** Folders are taken from `base`, absolute. */
export interface PluginEntry extends z.output<typeof Entry> {
  readonly base: string;
}

/** `plugins` as written; problems name the place. */
export function parsePluginEntries(
  written: unknown,
  base: string,
): { readonly entries: readonly PluginEntry[]; readonly problems: readonly string[] } {
  const list: readonly unknown[] =
    written === undefined ? [] : Array.isArray(written) ? written : [written];
  const entries: PluginEntry[] = [];
  const problems: string[] = [];
  for (const [at, one] of list.entries()) {
    const parsed = Entry.safeParse(typeof one === "string" ? { from: one } : one);
    if (parsed.success) entries.push({ ...parsed.data, base });
    else
      for (const { path, message } of parsed.error.issues.slice(0, 5))
        problems.push(
          `plugins[${at}]${path.map((key) => `.${String(key)}`).join("")}: ${message}; for example { from: "./plugins/weather", allow: "declared" }`,
        );
  }
  return { entries, problems };
}
