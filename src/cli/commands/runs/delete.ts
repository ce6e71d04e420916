/** `lockstitch runs delete`: takes runs that have ended out of the store, by id or by filter. */

import { createInterface } from "node:readline/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { RunSummary } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { RunFilter } from "#ports/journal.ts";
import { ENDED_STATUSES, type EndedStatus } from "#workflow/statuses.ts";
import { labelArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import type { EngineAccess, Session } from "../../session.ts";

const PAGE_RUNS = 500;

interface Options {
  readonly status?: EndedStatus;
  readonly workflow?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly before?: number;
  readonly reason?: string;
  readonly yes?: boolean;
}

export function addRunsDeleteCommand(runs: Command, cli: Cli): void {
  runs
    .command("delete")
    .description("delete runs that have ended; their ids stay reserved")
    .argument("[runs...]", "run ids; or name a filter")
    .addOption(new Option("--status <status>", "all that ended so").choices(ENDED_STATUSES))
    .option("--workflow <name>", "all of this workflow that have ended")
    .option("--label <name=value>", "all with this label that have ended", labelArgument)
    .option("--before <instant>", "all created before, e.g. 2026-01-31", instantArgument)
    .option("--reason <text>", "why; it is kept with the id")
    .option("--yes", "do not ask")
    .action(
      cli.action<[readonly string[]], Options>(async (session, [ids], options) => {
        const { output } = session;
        const filter = filterOf(options);
        if ((ids.length === 0) === (filter === null))
          throw new LockstitchError(
            "request_invalid",
            "Name the runs to delete, or a filter: --status, --workflow, --label or --before.",
          );
        const { engine } = await session.access();
        const found = filter === null ? [...ids] : await endedRuns(engine, filter);
        if (found.length > 0 && options.yes !== true && !(await isSure(session, found)))
          return EXIT.ok.code;
        let deleted = 0;
        for (const id of found) {
          await engine.care.deleteRun(LOCAL_CONTEXT, id, options.reason);
          deleted++;
        }
        if (output.isJson) output.printJson({ deleted });
        output.printText(`Deleted ${deleted} run${deleted === 1 ? "" : "s"}.`);
        return EXIT.ok.code;
      }),
    );
}

function filterOf(options: Options): Omit<RunFilter, "limit"> | null {
  const { status, workflow, label, before } = options;
  if ([status, workflow, label, before].every((value) => value === undefined)) return null;
  return {
    status: status === undefined ? ENDED_STATUSES : [status],
    ...(workflow === undefined ? {} : { workflow }),
    ...(label === undefined ? {} : { labels: label }),
    ...(before === undefined ? {} : { createdBeforeMs: before }),
  };
}

async function endedRuns(
  engine: EngineAccess["engine"],
  filter: Omit<RunFilter, "limit">,
): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { readonly items: readonly RunSummary[]; readonly cursor: string | null } =
      await engine.list(LOCAL_CONTEXT, {
        ...filter,
        limit: PAGE_RUNS,
        ...(cursor === null ? {} : { cursor }),
      });
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor !== null);
  return ids;
}

/** Throws request_invalid where nobody can be asked. */
async function isSure({ machine, output }: Session, ids: readonly string[]): Promise<boolean> {
  const { stdin, stderr } = machine;
  const [first = ""] = ids;
  const what = ids.length === 1 ? `run ${visible(first)}` : `${ids.length} runs`;
  if ((stdin as NodeJS.ReadStream).isTTY !== true)
    throw new LockstitchError(
      "request_invalid",
      `This would delete ${what} for good, and nobody is there to ask: add --yes.`,
    );
  const asking = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await asking.question(`Delete ${what} for good? [y/N] `);
    const isYes = /^y(es)?$/i.test(answer.trim());
    if (!isYes) output.note("Nothing was deleted.");
    return isYes;
  } finally {
    asking.close();
  }
}

function instantArgument(text: string): number {
  const instantMs = Date.parse(text);
  if (Number.isNaN(instantMs))
    throw new InvalidArgumentError("It must be a date such as 2026-01-31 or 2026-01-31T12:00:00Z.");
  return instantMs;
}
