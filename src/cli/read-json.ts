/** JSON that a user gives to a command: inline, `@file`, or `-` for standard input. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { LockstitchError } from "#errors/errors.ts";
import type { Machine } from "./machine.ts";

/** The value; undefined without `text`. `option` is what the error calls it, e.g. `--input`. Throws input_invalid. */
export async function readJson(
  machine: Pick<Machine, "cwd" | "stdin">,
  option: string,
  text: string | undefined,
): Promise<unknown> {
  if (text === undefined) return undefined;
  const source = await sourceText(machine, option, text);
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw notJson(option, cause);
  }
}

function notJson(option: string, cause: unknown): LockstitchError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LockstitchError(
    "input_invalid",
    `${option} is not JSON: ${reason}. Write it as '{"name": "value"}', @file.json, or - for standard input.`,
    { cause },
  );
}

async function sourceText(
  { cwd, stdin }: Pick<Machine, "cwd" | "stdin">,
  option: string,
  text: string,
): Promise<string> {
  if (text === "-") {
    const chunks: Buffer[] = [];
    for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString("utf8");
  }
  if (!text.startsWith("@")) return text;
  const path = resolve(cwd, text.slice(1));
  return await readFile(path, "utf8").catch((cause: unknown) => {
    throw new LockstitchError(
      "input_invalid",
      `${option}: the file ${path} cannot be read; check the name after @.`,
      { cause },
    );
  });
}
