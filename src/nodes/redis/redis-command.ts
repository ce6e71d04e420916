/**
 * `redis.command` sends one command to a Redis connection of the operator's.
 *
 * D1. Name and arguments go over the wire as a list: nothing in an argument can become a command.
 * D2. A client belongs to one step at a time. A timeout or abort closes its socket, so that a
 *     blocked command (BLPOP) ends on the server too; the client is not used again.
 */
import type { RedisClientOptions, RedisClientType } from "@redis/client";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { BoundedPool } from "../connections/bounded-pool.ts";
import { ConnectionName } from "../connections/connection-schema.ts";
import { CONNECTION_ERRORS, withConnection } from "../connections/connections.ts";
import type { LentConnection } from "../connections/lent-connection.ts";
import { defineNode, type NodeContext } from "../define-node.ts";
import { TimeoutMs, withinTime } from "../within-time.ts";
import { allowedCommand } from "./command-rules.ts";
import { replyJson } from "./reply-json.ts";

const CONNECT_MS_MAX = 10_000;

const Argument = z.union([z.string(), z.number(), z.boolean()]);

const Config = z.strictObject({
  connection: ConnectionName,
  command: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9.-]{0,63}$/, "is not the name of a command")
    .describe("Name of the command: GET, HSET, XADD"),
  arguments: z.array(Argument).max(100_000).default([]).describe("Its arguments in order"),
  timeoutMs: TimeoutMs.describe("Time for the command; default and upper bound: the connection's"),
});

type Config = z.output<typeof Config>;

export const redisCommand = defineNode({
  type: "redis.command",
  title: "Redis command",
  description: "Sends one command to a Redis connection and gives the reply.",
  category: "io",
  icon: "layers",
  pure: false,
  config: Config,
  output: z.strictObject({
    reply: z.unknown().describe("Text, number, list or object; null where there is nothing"),
  }),
  errors: [...CONNECTION_ERRORS, "command_denied", "redis_failed", "timeout"],
  examples: [
    {
      title: "Keep a value for an hour",
      with: { connection: "cache", command: "SET", arguments: ["price:a-1", 5, "EX", 3600] },
      output: { reply: "OK" },
    },
    {
      title: "A command for operators",
      with: { connection: "cache", command: "FLUSHALL" },
      error: "command_denied",
    },
  ],
  run: (config, context) =>
    withConnection(context, config.connection, ["redis"], async (connection) => ({
      reply: await send(config, context, connection),
    })),
});

async function send(
  config: Config,
  context: NodeContext,
  connection: LentConnection<"redis">,
): Promise<unknown> {
  const { settings, name } = connection;
  const command = allowedCommand(config.command, settings, name);
  const pool = connection.shared(
    () =>
      new BoundedPool<RedisClientType>(settings.poolMax, {
        make: (signal) => connect(connection, signal),
        end: async (client) => {
          if (client.isOpen) client.destroy();
        },
        isAlive: (client) => client.isReady,
      }),
    (made) => made.close(),
  );
  const timeoutMs = Math.min(config.timeoutMs ?? settings.timeoutMs, settings.timeoutMs);
  const parts = [command, ...config.arguments.map(String)];
  try {
    const reply = await withinTime(command, timeoutMs, context.signal, (signal) =>
      pool.lend(signal, (client) => sendOn(client, parts, signal)),
    );
    return replyJson(reply);
  } catch (error) {
    throw redisError(command, connection, error);
  }
}

async function sendOn(
  client: RedisClientType,
  parts: readonly string[],
  signal: AbortSignal,
): Promise<unknown> {
  // The library's own signal only takes back what has not been sent.
  const onAbort = () => {
    if (client.isOpen) client.destroy();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await client.sendCommand([...parts]);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function connect(
  connection: LentConnection<"redis">,
  signal: AbortSignal,
): Promise<RedisClientType> {
  const { createClient } = await import("@redis/client");
  const client = createClient(optionsOf(connection)) as unknown as RedisClientType;
  // Without a listener an error event would end the process; the command that fails tells it.
  client.on("error", () => {});
  const onAbort = () => {
    if (client.isOpen) client.destroy();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await client.connect();
    return client;
  } catch (error) {
    onAbort();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function optionsOf({ settings }: LentConnection<"redis">): RedisClientOptions {
  const { host, port, username, password, database, tls } = settings;
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    database,
    name: "lockstitch",
    // A command is sent at most once by a client; the step's own retry repeats it.
    disableOfflineQueue: true,
    socket: {
      ...{ host, port, connectTimeout: CONNECT_MS_MAX, reconnectStrategy: false },
      ...(tls === "off" ? {} : { tls: true as const }),
    },
  };
}

/** First words of replies after which the same command may succeed. */
const TRANSIENT = /^(LOADING|BUSY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|READONLY|OOM|NOREPLICAS)\b/;

function redisError(command: string, { name }: LentConnection<"redis">, error: unknown): unknown {
  if (error instanceof NodeError || !(error instanceof Error)) return error;
  const { message } = error;
  const word = /^[A-Z]+\b/.exec(message)?.[0] ?? null;
  const isReply =
    "name" in error && /ErrorReply|SimpleError|BlobError/.test(error.constructor.name);
  if (isReply)
    return new NodeError("redis_failed", `connection ${name}: ${command}: ${message}.`, {
      retryable: TRANSIENT.test(message),
      details: { connection: name, command, reply: word },
      cause: error,
    });
  const reason = (error as NodeJS.ErrnoException).code ?? error.constructor.name;
  return new NodeError("connection_failed", `connection ${name}: ${message || reason}.`, {
    retryable: true,
    details: { connection: name, reason },
    cause: error,
  });
}
