/** `lockstitch runs events ID`: the journal of a run. */

import { resolve } from "node:path";
import type { Command } from "commander";
import { eventToJson } from "#client/wire/run-reads.ts";
import type { EventView } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { countArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { formatTable, formatTime } from "../../format.ts";
import { brief } from "../../output.ts";
import { readArchive } from "../../read-archive.ts";
import type { Session } from "../../session.ts";

interface Options {
  readonly archive?: string;
  readonly after: number;
  readonly limit: number;
}

/** What one question may ask for. */
const PAGE_EVENTS = 1_000;

export function addRunsEventsCommand(runs: Command, cli: Cli): void {
  runs
    .command("events")
    .description("print a run's journal")
    .argument("[run]", "run id")
    .option("--after <seq>", "only events after this one", countArgument(0, 2 ** 50), 0)
    .option("--limit <count>", "how many", countArgument(1, 100_000), 1_000)
    .option("--archive <file>", "those of an archived run, from its file")
    .action(
      cli.action<[string | undefined], Options>(async (session, [runId], options) => {
        const { after, limit } = options;
        const { output } = session;
        const read = await reader(session, runId, options.archive);
        const events: EventView[] = [];
        while (events.length < limit) {
          const from = events.at(-1)?.seq ?? after;
          const wanted = Math.min(limit - events.length, PAGE_EVENTS);
          const page = await read(from, wanted);
          events.push(...page);
          if (page.length < wanted) break;
        }
        const last = events.at(-1)?.seq ?? after;
        const more = events.length === limit ? last : null;
        if (output.isJson) output.printJson({ items: events.map(eventToJson), after: more });
        else if (events.length === 0) output.note("There are no such events.");
        else
          output.printText(
            formatTable(
              ["seq", "time", "event", "step", "holds"],
              events.map((event) => [
                String(event.seq),
                formatTime(event.atMs),
                event.type,
                visible(event.path ?? ""),
                output.colors.dim(holds(event)),
              ]),
              output.colors,
            ),
          );
        if (more !== null) output.note(`There may be more: --after ${more}`);
        return EXIT.ok.code;
      }),
    );
}

async function reader(
  session: Session,
  runId: string | undefined,
  archive: string | undefined,
): Promise<(afterSeq: number, limit: number) => Promise<readonly EventView[]>> {
  if (archive !== undefined) {
    const run = await readArchive(session, resolve(session.machine.cwd, archive));
    return (afterSeq, limit) => run.events(afterSeq, limit);
  }
  if (runId === undefined)
    throw new LockstitchError("request_invalid", "Name a run, or --archive with a file.");
  const { engine } = await session.access();
  return (afterSeq, limit) => engine.events(LOCAL_CONTEXT, runId, afterSeq, limit);
}

/** The event's own fields, without what the columns before it show. */
function holds({ event }: EventView): string {
  const fields = Object.fromEntries(
    Object.entries(event).filter(([name]) => name !== "type" && name !== "path"),
  );
  return Object.keys(fields).length === 0 ? "" : brief(fields, 70);
}
