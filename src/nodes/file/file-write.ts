/**
 * `file.write` replaces a file as a whole: a reader sees the old content or the new, never a part,
 * and after success the new one survives a power cut (replace-file.ts). Writing the same again gives the same file, so that a repeat does no harm; that is why
 * there is no appending.
 */
import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { isBase64 } from "../base64-text.ts";
import { defineNode } from "../define-node.ts";
import { expectContent, isStream, streamOf } from "../pure/stream-value.ts";
import { streamToFile } from "../stream/run-stream.ts";
import { fileError, fileRoot, futurePath, RelativePath } from "./allowed-path.ts";
import { replaceFile } from "./replace-file.ts";

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
    content: z.unknown().describe("What the file is to hold: text, base64, or data for JSON"),
    encoding: z
      .enum(["text", "json", "base64"])
      .optional()
      .describe("What content is; default: text if it is text, else json"),
    mustBeNew: z
      .boolean()
      .default(false)
      .describe("Fails where there is a file already, instead of replacing it"),
  }),
  output: z.strictObject({
    path: z.string().describe("As it was given"),
    bytes: z.int().describe("Size of the file"),
  }),
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
  async run({ path, content, encoding, mustBeNew }, context) {
    if (isStream(content)) {
      const stream = streamOf(content, "content");
      expectContent(stream, "text", "content");
      const { bytes } = await streamToFile(stream, path, context, { mustBeNew });
      return { path, bytes };
    }
    const bytes = bytesOf(content, encoding ?? (typeof content === "string" ? "text" : "json"));
    const target = await futurePath(await fileRoot(context), path);
    try {
      await replaceFile(target, { context, signal: context.signal, mustBeNew }, (file) =>
        file.writeFile(bytes),
      );
    } catch (error) {
      // A repeat of an attempt that has written it already is no conflict.
      if (!(mustBeNew && isThere(error) && (await holds(target, bytes))))
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
  if (typeof content === "string" && (encoding === "text" || isBase64(content))) return content;
  throw new NodeError("config_invalid", `content: must be ${encoding}.`, {
    details: { field: "content" },
  });
}

function isThere(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EEXIST";
}

async function holds(target: string, bytes: Buffer): Promise<boolean> {
  const found = await stat(target);
  return found.isFile() && found.size === bytes.length && (await readFile(target)).equals(bytes);
}
