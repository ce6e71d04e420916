/**
 * One command's surroundings: where it writes, its settings, and the engine it works on.
 *
 * S1. There is one owner per data directory. A command that is not the owner works through the
 *     owner's HTTP address; where there is none to reach it ends with store_owned, naming the pid.
 * S2. A command that reads or steers what is there makes no store: only `run`, `start` and `restore` do.
 * S3. Whatever a command opens is closed when it ends, whichever way it ends.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import type { Engine } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { readConfigFile } from "./config-file.ts";
import { databaseName } from "./database-name.ts";
import { hintsFor } from "./hints.ts";
import type { EngineHost, HostPurpose, Machine } from "./machine.ts";
import { createOutput, type Output } from "./output.ts";
import { settingFlags } from "./own-option.ts";
import { untilRecovered } from "./recovery.ts";
import { resolveSettings, SETTINGS, type Settings } from "./settings.ts";

/** How an engine was reached. */
export interface EngineAccess {
  readonly engine: Engine;
  /** The owner's address; null where this process is the owner. */
  readonly address: string | null;
  /** The engine in this process; null where it is reached over HTTP. */
  readonly host: EngineHost | null;
}

export interface Session {
  readonly machine: Machine;
  readonly output: Output;
  /** Read on first use, so that commands which need none work beside a broken file. */
  settings(): Promise<Settings>;
  /** Opens or reaches the engine once; a run's own command opens it to `run`. */
  access(purpose?: HostPurpose): Promise<EngineAccess>;
  close(): Promise<void>;
}

/** Time that running attempts get when a command that is not a server ends. */
const COMMAND_GRACE_MS = 2_000;
/** How long an owner that cannot be reached is waited for. */
const OWNER_PATIENCE_MS = 2_500;
const ASK_AGAIN_MS = 100;

export function openSession(machine: Machine, command: Command): Session {
  const flags = settingFlags(command);
  const output = createOutput({
    stdout: machine.stdout,
    stderr: machine.stderr,
    env: machine.env,
    isJson: flags["json"] === true,
  });
  let settings: Promise<Settings> | null = null;
  let access: Promise<EngineAccess> | null = null;
  const session: Session = {
    machine,
    output,
    settings() {
      settings ??= readSettings(machine, flags);
      return settings;
    },
    access(purpose = "look") {
      access ??= session.settings().then((resolved) => reachEngine(machine, resolved, purpose));
      return access;
    },
    async close() {
      // What could not be reached was told by the command that wanted it, and has nothing to close.
      const reached = await access?.catch(() => null);
      await reached?.host?.close(COMMAND_GRACE_MS);
    },
  };
  return session;
}

async function readSettings(
  machine: Machine,
  flags: Readonly<Record<string, unknown>>,
): Promise<Settings> {
  const named = flags["config"];
  const file = await readConfigFile(machine.cwd, typeof named === "string" ? named : undefined);
  // A `--no-` flag is true where it is not given.
  const typed = SETTINGS.map((row) => {
    const flag = flags["flag" in row ? row.flag : row.key];
    return [row.key, flag === false ? "false" : flag] as const;
  }).filter(
    (entry): entry is readonly [(typeof SETTINGS)[number]["key"], string] =>
      typeof entry[1] === "string",
  );
  return resolveSettings({
    flags: Object.fromEntries(typed),
    env: machine.env,
    file,
    cwd: machine.cwd,
    plugins: Array.isArray(flags["plugin"]) ? flags["plugin"].map(String) : [],
  });
}

/**
 * Opens the data directory, or reaches its owner. An owner without an address is given a moment:
 * a `run` publishes one after a second, and a server that was killed is about to be back.
 */
async function reachEngine(
  machine: Machine,
  settings: Settings,
  purpose: HostPurpose,
): Promise<EngineAccess> {
  if (
    purpose === "look" &&
    !machine.hasStore(settings) &&
    (await machine.ownerOf(settings)) === null
  )
    throw noStore(machine, settings);
  for (const untilMs = performance.now() + OWNER_PATIENCE_MS; ; ) {
    try {
      const host = await machine.openHost(settings, purpose);
      if (purpose === "look") await untilRecovered(host.engine);
      return { engine: host.engine, address: null, host };
    } catch (error) {
      if (!(error instanceof LockstitchError) || error.code !== "store_owned") throw error;
      refuseOtherDatabase(settings, error);
      const address = error.details["address"];
      const engine = typeof address === "string" ? await machine.connect(address, settings) : null;
      if (engine !== null) return { engine, address: address as string, host: null };
      if (performance.now() >= untilMs) throw unanswered(settings, error);
    }
    await delay(ASK_AGAIN_MS);
  }
}

/** An owner whose address is known, and who does not answer there. */
function unanswered({ data }: Settings, error: LockstitchError): LockstitchError {
  const { pid, address } = error.details;
  if (typeof address !== "string") return error;
  const who = typeof pid === "number" ? `process ${pid}` : "another process";
  return new LockstitchError(
    "store_owned",
    `${data} is owned by ${who}, which does not answer at ${address}. If it hangs, end it: nothing is lost. Or choose another directory with --data.`,
    { details: error.details },
  );
}

/** Whoever names a database must not be answered from another store. */
function refuseOtherDatabase({ data, database }: Settings, { details }: LockstitchError): void {
  const wanted = databaseName(database);
  const kept = typeof details["database"] === "string" ? details["database"] : null;
  if (wanted === null || wanted === kept) return;
  throw new LockstitchError(
    "store_owned",
    `Process ${String(details["pid"])} owns ${data} and keeps its runs in ${kept ?? "a file there"}, not in ${wanted}. Name the data directory of a host of that database with --data, or leave the database out.`,
    { details },
  );
}

function noStore({ cwd }: Machine, { data }: Settings): LockstitchError {
  const hint = hintsFor(data, cwd);
  return new LockstitchError(
    "not_found",
    `There is no store in ${data}. ${hint("run", "FILE")} or ${hint("start")} makes one; --data names another directory.`,
    { details: { data } },
  );
}
