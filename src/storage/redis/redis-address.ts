/**
 * Where Redis is, from one URL: `redis://user:password@host:6379/0`, `rediss://` for TLS, with
 * `?cafile=ca.pem` where the server's certificate is of an authority of one's own.
 *
 *   1. `label` names the server for people and never holds the password.
 *   2. With TLS the certificate and the name in it are always checked.
 */
import { readFileSync } from "node:fs";
import type { RedisClientOptions } from "@redis/client";
import { LockstitchError } from "#errors/errors.ts";

export interface RedisAddress {
  readonly label: string;
  readonly options: RedisClientOptions;
}

const PORT = 6379;
/** Whoever waits for Redis has another way: it must not wait long. */
const CONNECT_MS_MAX = 2_000;

/** Throws config_invalid. */
export function redisAddress(url: string): RedisAddress {
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url))
    // Neither the text nor the error of the URL goes on: both hold the password.
    throw invalid(
      "Redis is named by a URL like redis://user:password@host:6379/0, with %-escapes for special characters of the password",
    );
  const parsed = new URL(url);
  const { protocol, hostname, username, password, pathname, searchParams } = parsed;
  const port = parsed.port === "" ? PORT : Number(parsed.port);
  const database = pathname === "" || pathname === "/" ? 0 : Number(pathname.slice(1));
  if (!Number.isInteger(database) || database < 0)
    throw invalid(`the path of the Redis URL, ${pathname}, is not the number of a database`);
  for (const name of searchParams.keys())
    if (name !== "cafile") throw invalid(`?${name}= of the Redis URL is not known: use cafile`);
  const isTls = protocol === "rediss:";
  const caFile = searchParams.get("cafile");
  if (caFile !== null && !isTls) throw invalid("cafile of the Redis URL needs rediss://");
  return {
    label: `${protocol}//${hostname}:${port}/${database}`,
    options: {
      ...(username === "" ? {} : { username: decodeURIComponent(username) }),
      ...(password === "" ? {} : { password: decodeURIComponent(password) }),
      database,
      name: "lockstitch",
      disableOfflineQueue: true,
      socket: {
        ...{ host: hostname.replace(/^\[|\]$/g, ""), port, connectTimeout: CONNECT_MS_MAX },
        reconnectStrategy: false,
        ...(isTls ? { tls: true as const } : {}),
        ...(caFile === null ? {} : { ca: read(caFile) }),
      },
    },
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw invalid(`cafile of the Redis URL, ${file}, cannot be read`, error);
  }
}

function invalid(why: string, cause?: unknown): LockstitchError {
  return new LockstitchError("config_invalid", why, { cause });
}
