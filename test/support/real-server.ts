/**
 * Real database servers of a test file's own: on a free port of the loopback address, in a folder
 * of their own, gone when the scope ends. Without the program their suites are skipped, loudly;
 * with CI=true they fail instead.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { findProgram, PROGRAMS, type ProgramName } from "../../scripts/programs.ts";
import { killWithUs } from "./kill-with-us.ts";
import { makeCluster } from "./postgres-cluster.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface RealServer extends AsyncDisposable {
  readonly port: number;
  readonly password: string;
  /** Stops it, as an outage would. */
  stop(): Promise<void>;
}

const START_MS_MAX = 120_000;
const PASSWORD = "a-password-of-the-test";

/** Path of the program; null: skip. Throws with CI=true. */
export function programOrSkip(name: ProgramName): string | null {
  const found = findProgram(name);
  if (found !== null) return found;
  const program = PROGRAMS[name];
  const how = `install ${program.packages[0]}, or name it in ${program.variable}`;
  if (process.env["CI"] === "true") throw new Error(`no ${program.name}: ${how}`);
  process.stderr.write(
    `SKIPPED: no ${program.name} on this machine (${how}): ${program.usedFor}\n`,
  );
  return null;
}

export interface PostgresServer extends RealServer {
  /** Of a database as the user `tester`. */
  url(database: string): string;
  /** It may have ended by itself. */
  readonly isRunning: boolean;
  /** After stop(): on the same data and port, as after an outage. */
  start(): Promise<void>;
}

export interface PostgresOptions {
  /** `name=value` of postgresql.conf, after the test's own (fsync=off and such). */
  readonly settings?: readonly string[];
  /** Where its folder is made; the system's own by default. */
  readonly under?: string | undefined;
  /** Puts files into the data directory (certificates, pg_hba.conf) before the first start. */
  readonly prepare?: (
    dataDir: string,
    owner: { readonly uid: number; readonly gid: number } | null,
  ) => void;
}

/** User `tester` with a password, database `postgres`, UTF-8. */
export async function startPostgres(
  program: string,
  { settings = [], prepare, under }: PostgresOptions = {},
): Promise<PostgresServer> {
  const folder = await temporaryDirectory(under);
  const owner = ownerForPostgres();
  const data = join(folder.path, "data");
  const passwordFile = join(folder.path, "password");
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, PASSWORD);
  if (owner !== null) {
    chmodSync(folder.path, 0o711);
    for (const path of [data, passwordFile]) chownSync(path, owner.uid, owner.gid);
  }
  makeCluster({
    ...{ program: realpathSync(program), data, owner },
    ...{ user: "tester", passwordFile, password: PASSWORD },
  });
  prepare?.(data, owner);
  const port = await freePort();
  const own = ["fsync=off", "max_connections=40", "logging_collector=off"];
  const begin = async () => {
    const child = spawn(
      program,
      [
        ...["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", ""],
        ...[...own, ...settings].flatMap((setting) => ["-c", setting]),
      ],
      { stdio: ["ignore", "ignore", "pipe"], cwd: folder.path, ...owner },
    );
    await said(child, /ready to accept connections/);
    // SIGQUIT: at once, with its children; what is not in its WAL is not wanted again.
    return server(child, { port, signal: "SIGQUIT", folder });
  };
  let current = await begin();
  return {
    port,
    password: PASSWORD,
    url: (database) => `postgres://tester:${PASSWORD}@127.0.0.1:${port}/${database}`,
    get isRunning() {
      return current.isRunning;
    },
    stop: () => current.stop(),
    start: async () => {
      current = await begin();
    },
    [Symbol.asyncDispose]: () => current[Symbol.asyncDispose](),
  };
}

export interface RedisServer extends RealServer {
  /** After stop(): on the same port, empty. */
  start(): Promise<void>;
}

export interface RedisOptions {
  readonly hasPassword?: boolean;
  /** Paths of PEM files; it is encrypted then. */
  readonly tls?: { readonly key: string; readonly certificate: string };
}

/** With a password for the default user, unless told otherwise. It keeps nothing on the disk. */
export async function startRedis(
  program: string,
  { hasPassword = true, tls }: RedisOptions = {},
): Promise<RedisServer> {
  const folder = await temporaryDirectory();
  const port = await freePort();
  const begin = async () => {
    const child = spawn(
      program,
      [
        ...[
          "--port",
          tls === undefined ? String(port) : "0",
          "--bind",
          "127.0.0.1",
          "--dir",
          folder.path,
        ],
        ...["--save", "", "--appendonly", "no", "--daemonize", "no"],
        ...(hasPassword ? ["--requirepass", PASSWORD] : []),
        ...(tls === undefined ? [] : tlsWords(port, tls)),
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    await said(child, /Ready to accept connections/);
    return server(child, { port, signal: "SIGKILL", folder });
  };
  let current = await begin();
  return {
    port,
    password: PASSWORD,
    stop: () => current.stop(),
    start: async () => {
      current = await begin();
    },
    [Symbol.asyncDispose]: () => current[Symbol.asyncDispose](),
  };
}

function tlsWords(port: number, tls: NonNullable<RedisOptions["tls"]>): readonly string[] {
  return [
    ...["--tls-port", String(port), "--tls-auth-clients", "no", "--tls-key-file", tls.key],
    ...["--tls-cert-file", tls.certificate, "--tls-ca-cert-file", tls.certificate],
  ];
}

function server(
  child: ChildProcess,
  {
    port,
    signal,
    folder,
  }: { readonly port: number; readonly signal: NodeJS.Signals; readonly folder: AsyncDisposable },
): RealServer & { readonly isRunning: boolean } {
  killWithUs(child);
  const ended = once(child, "exit");
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const stop = async () => {
    if (isRunning()) child.kill(signal);
    await ended;
  };
  return {
    get isRunning() {
      return isRunning();
    },
    port,
    password: PASSWORD,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** PostgreSQL refuses to run as root: then it is its own user, or nobody. */
function ownerForPostgres(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  const line = ["postgres:", "nobody:"].map((name) => lines.find((it) => it.startsWith(name)));
  const [, , uid, gid] = (line.find((it) => it !== undefined) ?? "nobody:x:65534:65534").split(":");
  return { uid: Number(uid), gid: Number(gid) };
}

/** Waits until the program says so; rejects with what it said when it ends instead. */
async function said(child: ChildProcess, pattern: RegExp): Promise<void> {
  let text = "";
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`it does not start: ${text}`)), START_MS_MAX);
  const listen = (chunk: Buffer) => {
    text = (text + chunk.toString("utf8")).slice(-10_000);
    if (pattern.test(text)) resolve();
  };
  child.stdout?.on("data", listen);
  child.stderr?.on("data", listen);
  child.once("exit", (code) => reject(new Error(`it ended with ${code}: ${text}`)));
  child.once("error", reject);
  await promise.finally(() => clearTimeout(timer));
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { readonly port: number };
  probe.close();
  await once(probe, "close");
  return port;
}
