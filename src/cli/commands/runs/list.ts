/** `lockstitch runs list`: runs, newest first. */

import { type Command, Option } from "commander";
import { RunStatusJson, summaryToJson } from "#client/wire/run.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { countArgument, labelArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { formatDuration, formatInstant, formatTable, paintStatus } from "../../format.ts";
import { LIST_MAX, moreText, upTo } from "../../pages.ts";

interface Options {
  readonly status?: (typeof RunStatusJson.options)[number];
  readonly workflow?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly limit: number;
}

export function addRunsListCommand(runs: Command, cli: Cli): void {
  runs
    .command("list")
    .description("list runs, newest first")
    .addOption(new Option("--status <status>", "only those").choices(RunStatusJson.options))
    .option("--workflow <name>", "only those of this workflow")
    .option("--label <name=value>", "only those with this label; several: all", labelArgument)
    .option("--limit <count>", "how many", countArgument(1, LIST_MAX), 20)
    .action(
      cli.action<[], Options>(async (session, _args, { status, workflow, label, limit }) => {
        const { output } = session;
        const { engine } = await session.access();
        const filter = {
          ...(status === undefined ? {} : { status: [status] }),
          ...(workflow === undefined ? {} : { workflow }),
          ...(label === undefined ? {} : { labels: label }),
        };
        const { items, cursor } = await upTo(limit, (count, after) =>
          engine.list(LOCAL_CONTEXT, {
            ...filter,
            limit: count,
            ...(after === undefined ? {} : { cursor: after }),
          }),
        );
        if (output.isJson) {
          output.printJson({ items: items.map(summaryToJson), cursor });
          return EXIT.ok.code;
        }
        if (items.length === 0) output.note("There are no such runs.");
        else
          output.printText(
            formatTable(
              ["run", "workflow", "status", "started", "took", "error"],
              items.map((run) => [
                run.id,
                `${visible(run.workflow)} v${run.version}`,
                paintStatus(run.status, run.status, output.colors),
                formatInstant(run.startedAtMs),
                run.startedAtMs === null || run.endedAtMs === null
                  ? ""
                  : formatDuration(run.endedAtMs - run.startedAtMs),
                visible(run.errorCode ?? ""),
              ]),
              output.colors,
            ),
          );
        if (cursor !== null) output.note(output.noteColors.dim(moreText(limit)));
        return EXIT.ok.code;
      }),
    );
}
