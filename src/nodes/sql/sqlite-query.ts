/**
 * One statement on SQLite, in a process of its own (sqlite-process.ts) that an abort kills. A few
 * of them are kept for each connection.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { NodeError } from "#errors/step-error.ts";
import { BoundedPool } from "../connections/bounded-pool.ts";
import type { LentConnection } from "../connections/lent-connection.ts";
import { onlyThese } from "../inherited-files.ts";
import type { Query, QueryAnswer } from "./query.ts";
import { overLimit } from "./row-limits.ts";
import type { SqliteAnswer, SqliteRequest } from "./sqlite-process.ts";

const MEMORY_MIB_MAX = 256;

/** SQLite's result codes (their last byte) after which the same statement may succeed. */
const TRANSIENT: ReadonlySet<number> = new Set([5, 6, 10, 13]);

export async function querySqlite(
  connection: LentConnection<"sqlite">,
  query: Query,
  signal: AbortSignal,
): Promise<QueryAnswer> {
  const { file, poolMax } = connection.settings;
  const pool = connection.shared(
    () => new BoundedPool(poolMax, { make: start, end: stop, isAlive }),
    (made) => made.close(),
  );
  const answer = await pool.lend(signal, (child, broken) =>
    ask(child, { ...query, file }, signal, broken),
  );
  switch (answer.kind) {
    case "done": {
      const { rows, columns, rowCount, isCut } = answer;
      return { rows, columns, rowCount, isCut };
    }
    case "limit":
      throw overLimit(answer.limit, query);
    case "invalid":
      throw new NodeError("config_invalid", answer.message, { details: { field: "sql" } });
    case "failed":
      throw new NodeError("sql_failed", `connection ${connection.name}: ${answer.message}.`, {
        retryable: answer.code !== null && TRANSIENT.has(answer.code & 0xff),
        details: { connection: connection.name, sqliteCode: answer.code },
      });
  }
}

async function start(): Promise<ChildProcess> {
  // The same file name with the extension that this one has: .ts in the source, .js when built.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const child = fork(fileURLToPath(new URL(`./sqlite-process.${extension}`, import.meta.url)), [], {
    execArgv: [`--max-old-space-size=${MEMORY_MIB_MAX}`, "--disable-warning=ExperimentalWarning"],
    env: {},
    stdio: onlyThese(["ignore", "ignore", "ignore", "ipc"]),
  });
  // Without a listener an error event would end the process; who asks hears of the exit.
  child.on("error", () => {});
  // An idle one keeps nobody from ending.
  child.unref();
  child.channel?.unref();
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (!isAlive(child)) return;
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  child.kill("SIGKILL");
  await exited;
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null && child.connected;
}

function ask(
  child: ChildProcess,
  request: SqliteRequest,
  signal: AbortSignal,
  broken: () => void,
): Promise<SqliteAnswer> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      signal.removeEventListener("abort", onAbort);
      child.off("message", onMessage).off("exit", onExit);
      child.channel?.unref();
      settle();
    };
    const onMessage = (answer: SqliteAnswer) => end(() => resolve(answer));
    const onExit = () => {
      broken();
      end(() => reject(ended()));
    };
    const onAbort = () => {
      broken();
      end(() => reject(signal.reason as Error));
    };
    child.on("message", onMessage).on("exit", onExit);
    signal.addEventListener("abort", onAbort, { once: true });
    child.channel?.ref();
    child.send(request, (error) => {
      if (error !== null) onExit();
    });
  });
}

function ended(): NodeError {
  return new NodeError(
    "limit_exceeded",
    `The statement ended its process: it probably used more than ${MEMORY_MIB_MAX} MiB of memory.`,
    { details: { limit: "memoryBytes", max: MEMORY_MIB_MAX * 1024 * 1024 } },
  );
}
