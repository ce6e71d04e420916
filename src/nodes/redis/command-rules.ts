/**
 * Which Redis commands a step may send. What changes the connection that others will use next, or
 * waits on it for ever, never; what is for operators only where the connection allows it by name.
 */
import { NodeError } from "#errors/step-error.ts";

/** They change or take over a pooled connection. */
const NEVER: ReadonlySet<string> = new Set([
  ...["ASKING", "AUTH", "CLIENT", "DISCARD", "EXEC", "HELLO", "MONITOR", "MULTI", "PSUBSCRIBE"],
  ...["PSYNC", "PUNSUBSCRIBE", "QUIT", "READONLY", "READWRITE", "REPLCONF", "RESET", "SELECT"],
  ...["SSUBSCRIBE", "SUBSCRIBE", "SUNSUBSCRIBE", "SYNC", "UNSUBSCRIBE", "UNWATCH", "WATCH"],
]);

/** They stop, empty, reconfigure or read out the server, run code on it, or look at every key. */
const DANGEROUS: ReadonlySet<string> = new Set([
  ...["ACL", "BGREWRITEAOF", "BGSAVE", "CLUSTER", "COMMAND", "CONFIG", "DEBUG", "DUMP", "EVAL"],
  ...["EVALSHA", "EVALSHA_RO", "EVAL_RO", "FAILOVER", "FCALL", "FCALL_RO", "FLUSHALL", "FLUSHDB"],
  ...["FUNCTION", "INFO", "KEYS", "LATENCY", "LOLWUT", "MEMORY", "MIGRATE", "MODULE", "OBJECT"],
  ...["PFDEBUG", "PFSELFTEST", "REPLICAOF", "RESTORE", "RESTORE-ASKING", "ROLE", "SAVE", "SCRIPT"],
  ...["SHUTDOWN", "SLAVEOF", "SLOWLOG", "SWAPDB"],
]);

/** The command in upper case. Throws NodeError `command_denied`. */
export function allowedCommand(
  command: string,
  rules: { readonly allow: readonly string[]; readonly deny: readonly string[] },
  connection: string,
): string {
  const name = command.toUpperCase();
  const denied = (why: string) =>
    new NodeError("command_denied", `command: ${name} ${why}.`, {
      details: { command: name, connection },
    });
  if (NEVER.has(name)) throw denied("would change a connection that other steps share");
  if (rules.deny.includes(name)) throw denied(`is denied by connection ${connection}`);
  if (rules.allow.includes(name)) return name;
  if (rules.allow.length > 0)
    throw denied(`is not among those that connection ${connection} allows`);
  if (DANGEROUS.has(name))
    throw denied(`is for operators; connection ${connection} would have to list it in allow`);
  return name;
}
