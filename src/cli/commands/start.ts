/**
 * `lockstitch start`: owns the data directory and serves it until it is told to stop. With
 * `--demo` a small supervisor keeps the server alive (supervisor.ts) and an example is running.
 */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { type Command, Option } from "commander";
import type { RunView } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import type { Cli } from "../command-action.ts";
import { databaseName } from "../database-name.ts";
import { EXIT } from "../exit-codes.ts";
import { type Hint, hintsFor } from "../hints.ts";
import type { EngineHost, Machine } from "../machine.ts";
import { untilRecovered } from "../recovery.ts";
import type { Session } from "../session.ts";
import type { Settings } from "../settings.ts";
import { RESTARTS_VARIABLE } from "../supervisor.ts";

interface Options {
  readonly demo?: boolean;
}

/** Time that running attempts get to finish when the server is told to stop. */
const SERVER_GRACE_MS = 10_000;

export function addStartCommand(program: Command, cli: Cli): void {
  program
    .command("start")
    .description("serve the data directory: HTTP API and live page")
    .option("--port <port>", "port, 0 for a free one (LOCKSTITCH_PORT; default 7420)")
    .option("--host <address>", "address (LOCKSTITCH_HOST; default 127.0.0.1)")
    .option("--no-optimise", "run plans as they are written (LOCKSTITCH_OPTIMISE=false)")
    .addOption(new Option("--demo", "run the example, restart the server when it is killed"))
    .addOption(new Option("--no-demo", "serve only"))
    .action(
      cli.action<[], Options>(async (session, _args, options) => {
        const isDemo = options.demo === true;
        const isChild = session.machine.env[RESTARTS_VARIABLE] !== undefined;
        return isDemo && !isChild
          ? await session.machine.supervise()
          : await serve(session, isDemo);
      }),
    );
}

async function serve(session: Session, isDemo: boolean): Promise<number> {
  const { machine, output } = session;
  const settings = await session.settings();
  const stop = new AbortController();
  const unsubscribe = machine.onInterrupt(() => {
    if (stop.signal.aborted) machine.exitNow(EXIT.interrupted.code);
    stop.abort();
  });
  try {
    const host = await machine.openHost(settings, isDemo ? "demo" : "serve");
    try {
      const address = await host.serve({ host: settings.host, port: settings.port });
      const example = isDemo ? await host.runExample() : null;
      const hint = hintsFor(settings.data, machine.cwd);
      await untilRecovered(host.engine);
      const continued = host.engine.stats().continuedRuns;
      if (output.isJson)
        output.printJson({
          ...{ address, data: settings.data, database: databaseName(settings.database) },
          continuedRuns: continued,
        });
      else sayServing(session, { address, settings, continued, example, hint });
      await aborted(stop.signal);
    } finally {
      await closeHost(session, host, settings);
    }
  } finally {
    unsubscribe();
  }
  return EXIT.ok.code;
}

async function closeHost({ output }: Session, host: EngineHost, settings: Settings): Promise<void> {
  const { openRuns, runningAttempts } = host.engine.stats();
  if (runningAttempts > 0)
    output.note(`Stopping: ${runningAttempts} running attempts get up to 10 s. Ctrl-C: at once.`);
  await host.close(SERVER_GRACE_MS);
  output.note(
    openRuns === 0
      ? "Stopped."
      : `Stopped. ${openRuns} unfinished run${openRuns === 1 ? "" : "s"} will go on at ${whereNext(settings)}.`,
  );
}

function whereNext({ database }: Settings): string {
  return database === null ? "the next start" : "another host, or at the next start";
}

function whereKept({ cwd }: Machine, { data, database }: Settings): string {
  const folder = relative(cwd, data) || data;
  const name = databaseName(database);
  return name === null ? `data in ${folder}` : `runs in ${name}, files in ${folder}`;
}

function sayServing(
  { output, machine }: Session,
  serving: {
    readonly address: string;
    readonly settings: Settings;
    readonly continued: number;
    readonly example: RunView | null;
    readonly hint: Hint;
  },
): void {
  const { address, settings, continued, example, hint } = serving;
  const { bold, cyan, dim, green } = output.colors;
  const say = output.printText;
  say(
    `${bold("Lockstitch")} serves ${cyan(address)}  ${dim(`${whereKept(machine, settings)}, pid ${process.pid}`)}`,
  );
  if (continued > 0) say(green(`continued ${continued} run${continued === 1 ? "" : "s"}`));
  if (example !== null) say(`Watch the example ${example.workflow} run: ${cyan(`${address}/`)}`);
  // After a restart by the supervisor all of it stands a few lines above already.
  if (isRestart(machine)) return;
  say("");
  say("In another terminal:");
  for (const line of commandsToTry(machine, example, hint)) say(`  ${line}`);
  say("");
  say(dim(`Ctrl-C stops the server; unfinished runs go on at ${whereNext(settings)}.`));
}

const EXAMPLES = [
  "examples/fan-out/fan-out.workflow.yaml",
  "examples/signals/signals.workflow.yaml",
];

/** Commands to paste: what there is to see, to break and to decide. */
function commandsToTry({ cwd }: Machine, example: RunView | null, hint: Hint): readonly string[] {
  if (example === null) {
    const here = EXAMPLES.filter((file) => existsSync(join(cwd, file)));
    const files = here.length === 0 ? ["FILE.yaml"] : here;
    return [...files.map((file) => hint("run", file)), hint("runs", "list")];
  }
  return [
    hint("runs", "explain", example.id),
    `kill -9 ${process.pid}`,
    hint("approvals", "approve", example.id, "approve"),
  ];
}

/** Whether the supervisor has started this server again. */
function isRestart({ env }: Session["machine"]): boolean {
  return Number(env[RESTARTS_VARIABLE] ?? 0) > 0;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** The failure of listening, with what to do; other failures stay as they are. */
export function listenFailure(cause: unknown, at: { host: string; port: number }): unknown {
  const code = (cause as { readonly code?: unknown } | null)?.code;
  if (code === "EADDRINUSE")
    return new LockstitchError(
      "config_invalid",
      `Port ${at.port} of ${at.host} is taken by another program. Choose another, for example --port ${at.port + 1}, or --port 0 for a free one.`,
      { cause },
    );
  if (code === "EACCES")
    return new LockstitchError(
      "config_invalid",
      `Port ${at.port} of ${at.host} may not be used by this user. Choose one above 1023, for example --port 7420.`,
      { cause },
    );
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return new LockstitchError(
      "config_invalid",
      `This machine has no address ${at.host}. Use --host 127.0.0.1.`,
      { cause },
    );
  return cause;
}
