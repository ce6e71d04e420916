/** What doctor looks at in the Redis server beside a database; nothing of record lies there. */
import type { Machine } from "../machine.ts";
import type { Settings } from "../settings.ts";
import { type Finding, ok, warn } from "./finding.ts";

const CHECK = "redis";

/** Empty where the settings name none. */
export async function redisFindings(
  { database, store: { redis } }: Pick<Settings, "database" | "store">,
  { inspectRedis }: Pick<Machine, "inspectRedis">,
): Promise<readonly Finding[]> {
  if (redis === null) return [];
  if (database === null)
    return [
      warn(
        CHECK,
        "it is named, and not used: a store in a file has one host",
        "Leave it out, or name a database (docs/hosts.md).",
      ),
    ];
  try {
    const { label, version, evictionPolicy, memoryBytesMax } = await inspectRedis(redis);
    const text = `Redis ${version} at ${label}`;
    if (Number.parseInt(version, 10) < 7)
      return [warn(CHECK, text, "Use Redis 7 or later: older ones are not tried.")];
    if (memoryBytesMax === 0) return [ok(CHECK, `${text}, without a limit of memory`)];
    if (evictionPolicy === "noeviction")
      return [
        warn(
          CHECK,
          `${text}: full at ${memoryBytesMax} bytes, then it refuses to keep anything (noeviction)`,
          "Set maxmemory-policy to volatile-lru: kept payloads go first, and the database does what Redis does not.",
        ),
      ];
    return [
      ok(
        CHECK,
        `${text}: what it evicts (${evictionPolicy}) is only kept besides; a rate limit that is evicted lets one burst pass`,
      ),
    ];
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return [warn(CHECK, text, "Hosts go on without it, slower: the database does what Redis did.")];
  }
}
