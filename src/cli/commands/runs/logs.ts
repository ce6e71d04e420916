/** `lockstitch runs logs RUN`: what the run's steps have logged, once or as it comes. */
import { type Command, Option } from "commander";
import { logLineToJson } from "#client/wire/log.ts";
import type { LogLineView } from "#engine/engine.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { LOG_LEVELS, type LogLevel } from "#ports/step-logs.ts";
import { countArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { logLineText } from "../../progress/log-line.ts";
import type { EngineAccess, Session } from "../../session.ts";

interface Options {
  readonly step?: string;
  readonly attempt?: number;
  readonly level?: LogLevel;
  readonly after: number;
  readonly limit: number;
  readonly follow?: true;
}

/** What one question may ask for. */
const PAGE_LINES = 1_000;

export function addRunsLogsCommand(runs: Command, cli: Cli): void {
  runs
    .command("logs")
    .description("print what a run's steps have logged")
    .argument("<run>", "run id")
    .option("--step <path>", "only lines of this step instance")
    .option("--attempt <number>", "only lines of this attempt", countArgument(1, 1_000_000))
    .addOption(new Option("--level <level>", "lines of this level and above").choices(LOG_LEVELS))
    .option("--after <position>", "only lines after this one", countArgument(0, 2 ** 50), 0)
    .option("--limit <count>", "how many", countArgument(1, 1_000_000), 10_000)
    .option("--follow", "go on as lines come, until the run ends; with --json one line each")
    .action(
      cli.action<[string], Options>(async (session, [runId], options) => {
        const access = await session.access();
        if (options.follow === true) return await follow(session, access, runId, options);
        await print(session, access, runId, options);
        return EXIT.ok.code;
      }),
    );
}

async function print(
  { output }: Session,
  { engine }: EngineAccess,
  runId: string,
  options: Options,
): Promise<void> {
  const { step: path, attempt, level, limit } = options;
  const lines: LogLineView[] = [];
  let isMore = true;
  while (isMore && lines.length < limit) {
    const wanted = Math.min(limit - lines.length, PAGE_LINES);
    const after = lines.at(-1)?.position ?? options.after;
    const page = await engine.logs(LOCAL_CONTEXT, runId, {
      ...{ path, attempt, level, after, limit: wanted },
    });
    lines.push(...page);
    isMore = page.length === wanted;
  }
  const after = isMore ? (lines.at(-1)?.position ?? null) : null;
  if (output.isJson) output.printJson({ items: lines.map(logLineToJson), after });
  else if (lines.length === 0) output.note("Nothing is logged that matches.");
  else for (const line of lines) output.printText(logLineText(line, output.colors));
  if (after !== null) output.note(`There may be more: --after ${after}`);
}

async function follow(
  { output, machine }: Session,
  { engine }: EngineAccess,
  runId: string,
  { step: path, attempt, level, after }: Options,
): Promise<number> {
  const aborter = new AbortController();
  const forget = machine.onInterrupt(() => aborter.abort());
  try {
    const query = { path, attempt, level, after };
    for await (const line of engine.followLogs(LOCAL_CONTEXT, runId, query, aborter.signal)) {
      if (output.isJson) output.printJsonLine(logLineToJson(line));
      else output.printText(logLineText(line, output.colors));
    }
    return aborter.signal.aborted ? EXIT.interrupted.code : EXIT.ok.code;
  } finally {
    forget();
  }
}
