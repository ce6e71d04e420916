/** Scripts that Redis runs as one step: named by their hash, sent whole where the server does not know them. */
import { hash } from "node:crypto";
import type { TypeMapping } from "@redis/client";
import type { RedisLink } from "./redis-link.ts";

const HASHES = new Map<string, string>();

export interface ScriptCall {
  readonly script: string;
  readonly keys: readonly string[];
  readonly args: readonly (string | Buffer)[];
}

/** Rejects as RedisLink.send(). */
export async function runScript(
  link: RedisLink,
  doing: string,
  { script, keys, args }: ScriptCall,
  typeMapping?: TypeMapping,
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args];
  try {
    return await link.send(doing, ["EVALSHA", hashOf(script), ...rest], typeMapping);
  } catch (error) {
    // The server was restarted, or its scripts were flushed: nothing has been done.
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return await link.send(doing, ["EVAL", script, ...rest], typeMapping);
  }
}

function hashOf(script: string): string {
  const known = HASHES.get(script);
  if (known !== undefined) return known;
  const made = hash("sha1", script);
  HASHES.set(script, made);
  return made;
}
