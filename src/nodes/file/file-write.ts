/**
 * `file.write` replaces a file as a whole: a reader sees the old content or the new, never a part,
 * and after success the new one survives a power cut (temporary file, fsync, rename, fsync of the
 * folder). Writing the same again gives the same file, so that a repeat does no harm; that is why
 * there is no appending.
 */
import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { defineNode } from "../define-node.ts";
import { fileError, fileRoot, futurePath, RelativePath } from "./allowed-path.ts";

const BYTES_MAX = 10 * 1024 * 1024;

export const fileWrite = defineNode({
  type: "file.write",
  title: "Write a file",
  description:
    "Replaces a file below the operator's file folder at once and durably; missing folders are made.",
  category: "io",
  icon: "save",
  pure: false,
  config: z.strictObject({
    path: RelativePath,
    content: z.unknown().meta({ description: "What the file holds afterwards" }),
    encoding: z
      .enum(["text", "json", "base64"])
      .optional()
      .meta({ description: "What content is; default: text if it is text, else json" }),
  }),
  output: z.strictObject({ path: z.string(), bytes: z.int() }),
  errors: ["file_denied", "file_failed", "file_not_found"],
  examples: [
    {
      title: "Text",
      with: { path: "out/report.txt", content: "done\n" },
      output: { path: "out/report.txt", bytes: 5 },
    },
    {
      title: "JSON",
      with: { path: "order.json", content: { id: 7 } },
      output: { path: "order.json", bytes: 14 },
    },
    {
      title: "A path that leads out",
      with: { path: "/etc/motd", content: "" },
      error: "file_denied",
    },
  ],
  async run({ path, content, encoding }, context) {
    const bytes = bytesOf(content, encoding ?? (typeof content === "string" ? "text" : "json"));
    const target = await futurePath(await fileRoot(context), path);
    const folder = dirname(target);
    const temporary = join(folder, `.lockstitch-${randomUUID()}.tmp`);
    try {
      await mkdir(folder, { recursive: true });
      context.signal.throwIfAborted();
      await writeDurably(temporary, bytes);
      await rename(temporary, join(folder, basename(target)));
      await syncFolder(folder);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw fileError(path, error);
    }
    return { path, bytes: bytes.length };
  },
});

function bytesOf(content: unknown, encoding: "text" | "json" | "base64"): Buffer {
  const bytes =
    encoding === "json"
      ? Buffer.from(`${JSON.stringify(content, null, 2)}\n`)
      : Buffer.from(textOf(content, encoding), encoding === "text" ? "utf8" : "base64");
  if (bytes.length > BYTES_MAX)
    throw new NodeError("limit_exceeded", `content is larger than ${BYTES_MAX} bytes.`, {
      details: { limit: "fileBytes", max: BYTES_MAX },
    });
  return bytes;
}

function textOf(content: unknown, encoding: "text" | "base64"): string {
  const isBase64 = encoding === "base64";
  if (typeof content === "string" && (!isBase64 || /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(content)))
    return content;
  throw new NodeError("config_invalid", `content: must be ${isBase64 ? "base64" : "text"}.`, {
    details: { field: "content" },
  });
}

async function writeDurably(temporary: string, bytes: Buffer): Promise<void> {
  await using file = await open(temporary, "wx", 0o644);
  await file.writeFile(bytes);
  await file.sync();
}

/** The rename is durable once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}
