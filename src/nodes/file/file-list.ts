/** `file.list` lists a folder, or a whole tree of them; symbolic links are listed, not followed. */
import { lstat, readdir } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { isMissing } from "#errors/is-missing.ts";
import { NodeError } from "#errors/step-error.ts";
import { defineNode } from "../define-node.ts";
import { existingPath, fileError, fileRoot, namesOf, RelativePath } from "./allowed-path.ts";

const ENTRIES_MAX = 10_000;

const Entry = z.strictObject({
  /** Relative to the file folder, so that file.read takes it as it is. */
  path: z.string(),
  name: z.string(),
  kind: z.enum(["file", "folder", "link", "other"]),
  /** Of files; null otherwise. */
  bytes: z.int().nullable(),
  modifiedAtMs: z.int(),
});

type Entry = z.infer<typeof Entry>;

export const fileList = defineNode({
  type: "file.list",
  title: "List files",
  description: "Lists a folder below the operator's file folder, sorted by path.",
  category: "io",
  icon: "folder",
  pure: false,
  config: z.strictObject({
    path: RelativePath.default(""),
    recursive: z.boolean().default(false).describe("Whether folders below are listed too"),
    suffix: z.string().max(100).optional().describe("Only names that end so: `.csv`"),
  }),
  output: z.strictObject({ entries: z.array(Entry) }),
  errors: ["file_denied", "file_failed", "file_not_found"],
  examples: [
    {
      title: "Tables of a folder",
      with: { path: "in", suffix: ".csv" },
      given: { files: { "in/a.csv": "x\n1\n", "in/note.txt": "hello" } },
      output: { entries: [{ path: "in/a.csv", name: "a.csv", kind: "file", bytes: 4 }] },
    },
    {
      title: "A whole tree",
      with: { recursive: true },
      given: { files: { "in/a.txt": "a" } },
      output: {
        entries: [
          { path: "in", name: "in", kind: "folder", bytes: null },
          { path: "in/a.txt", name: "a.txt", kind: "file", bytes: 1 },
        ],
      },
    },
    { title: "A folder that is not there", with: { path: "none" }, error: "file_not_found" },
  ],
  async run({ path: text, recursive, suffix }, context) {
    const start = await existingPath(await fileRoot(context), text);
    const entries: Entry[] = [];
    const open: { readonly real: string; readonly shown: string }[] = [
      { real: start, shown: namesOf(text).join("/") },
    ];
    for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
      context.signal.throwIfAborted();
      for (const entry of await entriesOf(folder.real, folder.shown)) {
        if (recursive && entry.kind === "folder")
          open.push({ real: path.join(folder.real, entry.name), shown: entry.path });
        if (suffix === undefined || entry.name.endsWith(suffix)) entries.push(entry);
        if (entries.length + open.length > ENTRIES_MAX) throw tooMany(text);
      }
    }
    return { entries: entries.sort((left, right) => (left.path < right.path ? -1 : 1)) };
  },
});

async function entriesOf(real: string, shown: string): Promise<readonly Entry[]> {
  try {
    const names = await readdir(real);
    if (names.length > ENTRIES_MAX) throw tooMany(shown);
    const found: Entry[] = [];
    for (const name of names) {
      const entry = await entryOf(real, shown, name);
      if (entry !== null) found.push(entry);
    }
    return found;
  } catch (error) {
    throw fileError(shown, error);
  }
}

/** null for a file that was removed meanwhile. */
async function entryOf(folder: string, shown: string, name: string): Promise<Entry | null> {
  try {
    const status = await lstat(path.join(folder, name));
    return {
      path: shown === "" ? name : `${shown}/${name}`,
      name,
      kind: kindOf(status),
      bytes: status.isFile() ? status.size : null,
      modifiedAtMs: Math.floor(status.mtimeMs),
    };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function kindOf(status: Awaited<ReturnType<typeof lstat>>): Entry["kind"] {
  if (status.isFile()) return "file";
  if (status.isDirectory()) return "folder";
  return status.isSymbolicLink() ? "link" : "other";
}

function tooMany(text: string): NodeError {
  return new NodeError(
    "limit_exceeded",
    `path ${JSON.stringify(text)} holds more than ${ENTRIES_MAX} entries.`,
    { details: { limit: "entries", max: ENTRIES_MAX } },
  );
}
