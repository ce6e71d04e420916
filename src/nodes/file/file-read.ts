/** `file.read` reads a whole file as text, JSON or base64. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { defineNode } from "../define-node.ts";
import { streamedFile } from "../stream/streamed-file.ts";
import { existingPath, fileError, fileRoot, RelativePath } from "./allowed-path.ts";

const BYTES_MAX = 10 * 1024 * 1024;

export const fileRead = defineNode({
  type: "file.read",
  title: "Read a file",
  description: "Reads a file below the operator's file folder as text, JSON or base64.",
  category: "io",
  icon: "file",
  pure: false,
  config: z.strictObject({
    path: RelativePath,
    encoding: z
      .enum(["text", "json", "base64", "stream"])
      .default("text")
      .describe(
        "How the content is given; stream: as a stream of its text, whatever its size, for parse and file.write",
      ),
    bytesMax: z
      .int()
      .min(1)
      .max(BYTES_MAX)
      .default(BYTES_MAX)
      .describe("A larger file fails, but for a stream"),
  }),
  output: z.strictObject({
    path: z.string().describe("As it was given"),
    bytes: z.int().describe("Size of the file"),
    content: z.unknown().describe("Text, the value of the JSON, base64, or a stream"),
  }),
  errors: ["file_denied", "file_failed", "file_not_found", "parse_failed"],
  examples: [
    {
      title: "Text",
      with: { path: "note.txt" },
      given: { files: { "note.txt": "hello\n" } },
      output: { path: "note.txt", bytes: 6, content: "hello\n" },
    },
    {
      title: "JSON",
      with: { path: "in/order.json", encoding: "json" },
      given: { files: { "in/order.json": '{"id": 7}' } },
      output: { path: "in/order.json", bytes: 9, content: { id: 7 } },
    },
    { title: "A file outside", with: { path: "../secret" }, error: "file_denied" },
  ],
  async run({ path, encoding, bytesMax }, context) {
    const target = await existingPath(await fileRoot(context), path);
    if (encoding === "stream") return await streamedFile(path, target);
    const bytes = await readBytes(path, target, bytesMax, context.signal);
    return { path, bytes: bytes.length, content: decoded(path, bytes, encoding) };
  },
});

async function readBytes(
  path: string,
  target: string,
  bytesMax: number,
  signal: AbortSignal,
): Promise<Buffer> {
  try {
    // Without O_NONBLOCK opening a named pipe would wait for a writer for ever.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    await using file = await open(target, flags);
    const status = await file.stat();
    if (!status.isFile())
      throw new NodeError("file_failed", `path ${JSON.stringify(path)} is not a regular file.`);
    if (status.size > bytesMax) throw tooLarge(path, bytesMax);
    const bytes = await file.readFile({ signal });
    if (bytes.length > bytesMax) throw tooLarge(path, bytesMax);
    return bytes;
  } catch (error) {
    throw fileError(path, error);
  }
}

function decoded(path: string, bytes: Buffer, encoding: "text" | "json" | "base64"): unknown {
  if (encoding === "base64") return bytes.toString("base64");
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return encoding === "text" ? text : (JSON.parse(text) as unknown);
  } catch (error) {
    throw unreadable(path, encoding, error);
  }
}

function unreadable(path: string, encoding: string, cause: unknown): NodeError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new NodeError(
    "parse_failed",
    `path ${JSON.stringify(path)} is not ${encoding === "json" ? "JSON" : "UTF-8 text"}: ${message}.`,
    { cause },
  );
}

function tooLarge(path: string, bytesMax: number): NodeError {
  return new NodeError(
    "limit_exceeded",
    `path ${JSON.stringify(path)} is larger than ${bytesMax} bytes.`,
    { details: { limit: "fileBytes", max: bytesMax } },
  );
}
