/**
 * `lockstitch run FILE`: saves the definition, starts a run and shows it until it ends.
 *
 * When nobody owns the data directory, the engine runs in this process; after a second, or when
 * the run waits for somebody, it can be reached from other terminals over a loopback port of its
 * own. When somebody does own it, the run goes on there. Either way the run is durable: Ctrl-C
 * ends the command, not the run.
 */

import { resolve } from "node:path";
import type { Command } from "commander";
import type { EventView, RunView } from "#engine/engine.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { definitionInvalid } from "#workflow/problem.ts";
import type { Cli } from "../command-action.ts";
import { EXIT, exitCodeOfRun } from "../exit-codes.ts";
import { formatDuration, paintStatus } from "../format.ts";
import { type Hint, hintsToStore, whenDriven } from "../hints.ts";
import { createRunViewer } from "../progress/run-view.ts";
import { type ReadOptions, readDefinition } from "../read-definition.ts";
import { readJson } from "../read-json.ts";
import { errorLine, runDocument } from "../run-report.ts";
import type { EngineAccess, Session } from "../session.ts";
import type { Settings } from "../settings.ts";
import { siblingFiles } from "../sibling-workflows.ts";

interface Options {
  readonly input?: string;
  readonly id?: string;
  readonly allSteps?: boolean;
}

/** A run that is over sooner needs no address; one that lasts may be looked at from elsewhere. */
const SERVE_AFTER_MS = 1_000;
/** How long one wait for the end lasts before it is asked again. */
const WAIT_MS = 30_000;

export function addRunCommand(program: Command, cli: Cli): void {
  program
    .command("run")
    .description("run a workflow file and wait for its end")
    .argument("<file>", "workflow file: YAML, JSON, graph JSON, TypeScript")
    .option("--input <json>", "JSON, @file or - for standard input")
    .option("--id <id>", "run id of your own: the same id again answers the same run")
    .option("--all-steps", "with --json: inner step instances too")
    .option("--no-optimise", "run the plan as it is written (LOCKSTITCH_OPTIMISE=false)")
    .action(
      cli.action<[string], Options>((session, [file], options) => run(session, file, options)),
    );
}

async function run(session: Session, file: string, options: Options): Promise<number> {
  const { machine, output } = session;
  const settings = await session.settings();
  const [definition, ...siblings] = await readWithSiblings(file, {
    cwd: machine.cwd,
    nodeTypes: await machine.nodeTypes(settings),
  });
  const input = await readJson(machine, "--input", options.input);
  const access = await session.access("run");
  for (const sibling of siblings) await access.engine.saveWorkflow(LOCAL_CONTEXT, sibling);
  const started = await access.engine.start(LOCAL_CONTEXT, {
    workflow: definition,
    ...(input === undefined ? {} : { input }),
    id: options.id,
  });
  const hint = hintsToStore(settings, machine);
  noteStart(session, access, started.run);
  const ended = await followToEnd(session, access, started.run, hint);
  if (ended === null) {
    noteInterrupted(session, access, started.run, { hint, settings });
    if (output.isJson)
      output.printJson(
        runDocument(await access.engine.state(LOCAL_CONTEXT, started.run.id), false),
      );
    return EXIT.interrupted.code;
  }
  noteEnd(session, ended, hint);
  if (ended.continuedTo !== null) noteSuccessor(session, access, ended.continuedTo, hint);
  if (output.isJson) {
    const state = await access.engine.state(LOCAL_CONTEXT, ended.id);
    output.printJson(runDocument(state, options.allSteps === true));
  } else if (ended.status === "succeeded" && ended.output !== null)
    output.printText(visible(JSON.stringify(ended.output, null, 2)));
  return exitCodeOfRun(ended.status);
}

/** The file's definition, and those of the files beside it that it runs, directly or not. */
async function readWithSiblings(
  file: string,
  from: ReadOptions,
): Promise<[WorkflowDefinition, ...WorkflowDefinition[]]> {
  const main = await readValid(file, from);
  const siblings: WorkflowDefinition[] = [];
  const seen = new Set([resolve(from.cwd, file)]);
  const open = [...siblingFiles(main, file, from.cwd)];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const sibling = await readValid(next, from);
    siblings.push(sibling);
    open.push(...siblingFiles(sibling, next, from.cwd));
  }
  return [main, ...siblings];
}

async function readValid(file: string, from: ReadOptions): Promise<WorkflowDefinition> {
  const { definition, problems } = await readDefinition(file, from);
  if (definition === null) throw definitionInvalid(problems);
  return definition;
}

/** The run at its end, or null when the user interrupted the wait. */
async function followToEnd(
  session: Session,
  access: EngineAccess,
  run: RunView,
  hint: Hint,
): Promise<RunView | null> {
  const { machine, output } = session;
  const stop = new AbortController();
  const unsubscribe = machine.onInterrupt(() => {
    if (stop.signal.aborted) machine.exitNow(EXIT.interrupted.code);
    stop.abort();
  });
  const viewer = createRunViewer({ output, runId: run.id, hint });
  const reach = reachableLater(access);
  try {
    for await (const event of access.engine.follow(LOCAL_CONTEXT, run.id, 0, stop.signal)) {
      viewer.see(event);
      if (waitsForSomebody(event)) await reach.now();
    }
    return await untilEnded(access, run.id, stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return null;
  } finally {
    viewer.end();
    reach.cancel();
    unsubscribe();
  }
}

async function untilEnded(
  access: EngineAccess,
  runId: string,
  signal: AbortSignal,
): Promise<RunView | null> {
  while (!signal.aborted) {
    const run = await access.engine.wait(LOCAL_CONTEXT, runId, WAIT_MS, signal);
    if (run.endedAtMs !== null) return run;
  }
  return null;
}

/** Gives an engine in this process an address, once, soon or now. */
function reachableLater(access: EngineAccess): { now(): Promise<void>; cancel(): void } {
  const host = access.host;
  if (host === null) return { now: async () => {}, cancel: () => {} };
  let serving: Promise<unknown> | null = null;
  const serve = async () => {
    // Without an address the run goes on all the same; only other terminals cannot see it.
    serving ??= host.serve({ host: "127.0.0.1", port: 0 }).catch(() => null);
    await serving;
  };
  const timer = setTimeout(() => void serve(), SERVE_AFTER_MS);
  return { now: serve, cancel: () => clearTimeout(timer) };
}

function waitsForSomebody(event: EventView): boolean {
  if (event.type !== "step.waiting") return false;
  const kind = (event.event["for"] as { readonly kind?: string } | undefined)?.kind;
  return kind === "approval" || kind === "signal";
}

function noteStart({ output }: Session, access: EngineAccess, run: RunView): void {
  const colors = output.noteColors;
  const where = access.address === null ? "" : colors.dim(`  at ${access.address}`);
  output.note(`${colors.bold(visible(run.workflow))} v${run.version}  ${run.id}${where}`);
  const others = access.host?.engine.stats().continuedRuns ?? 0;
  if (others > 0)
    output.note(
      colors.dim(`  ${others} unfinished run${others === 1 ? " goes" : "s go"} on meanwhile`),
    );
}

function noteEnd({ output }: Session, run: RunView, hint: Hint): void {
  const colors = output.noteColors;
  const took = run.endedAtMs === null ? 0 : run.endedAtMs - (run.startedAtMs ?? run.createdAtMs);
  output.note(
    `${paintStatus(run.status, run.status, colors)} in ${formatDuration(took)}  ${colors.dim(hint("runs", "get", run.id))}`,
  );
  if (run.error !== null) output.note(`${colors.red("error")} ${errorLine(run.error)}`);
}

/** The run ended with `workflow.continue`: what goes on is another run, which this command does not wait for. */
function noteSuccessor({ output }: Session, access: EngineAccess, runId: string, hint: Hint): void {
  const where =
    access.address === null
      ? " when an engine has this data directory open:"
      : ` in the server at ${access.address}:`;
  output.note(`It goes on as run ${runId}${where}`);
  output.note(`  ${hint(...(access.address === null ? ["start"] : ["runs", "get", runId]))}`);
}

function noteInterrupted(
  { output }: Session,
  access: EngineAccess,
  run: RunView,
  { hint, settings }: { readonly hint: Hint; readonly settings: Settings },
): void {
  const where =
    access.address === null
      ? `It is kept, and goes on ${whenDriven(settings)}:`
      : `It goes on in the server at ${access.address}:`;
  output.note(`Interrupted; the run is not. ${where}`);
  output.note(`  ${hint("runs", "get", run.id)}`);
  if (access.address === null) output.note(`  ${hint("start")}`);
  else output.note(`  ${hint("runs", "cancel", run.id)}`);
}
