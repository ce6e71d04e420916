/** `lockstitch state list`: shared values by scope, workflow and name. */

import type { Command } from "commander";
import { valueToJson } from "#client/wire/value.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { countArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { formatInstant, formatTable } from "../../format.ts";
import { oneLine } from "../../output.ts";
import { LIST_MAX, moreText, upTo } from "../../pages.ts";

interface Options {
  readonly workflow?: string;
  readonly prefix?: string;
  readonly limit: number;
}

export function addStateListCommand(state: Command, cli: Cli): void {
  state
    .command("list")
    .description("list shared values: of all workflows, and the tenant's own")
    .option("--workflow <name>", "only those of this workflow")
    .option("--prefix <text>", "only names that begin so")
    .option("--limit <count>", "how many", countArgument(1, LIST_MAX), 100)
    .action(
      cli.action<[], Options>(async (session, _args, { workflow, prefix, limit }) => {
        const { output } = session;
        const { engine } = await session.access();
        const { items, cursor } = await upTo(limit, (count, after) =>
          engine.values.list(LOCAL_CONTEXT, { workflow, prefix, limit: count, cursor: after }),
        );
        if (output.isJson) {
          output.printJson({ items: items.map(valueToJson), cursor });
          return EXIT.ok.code;
        }
        if (items.length === 0) output.note("There are no shared values.");
        else
          output.printText(
            formatTable(
              ["workflow", "name", "value", "changed", "by"],
              items.map((item) => [
                item.workflow === null ? "(tenant)" : visible(item.workflow),
                visible(item.name),
                oneLine(JSON.stringify(item.value), 60),
                formatInstant(item.changedAtMs),
                oneLine(item.changedBy, 40),
              ]),
              output.colors,
            ),
          );
        if (cursor !== null) output.note(output.noteColors.dim(moreText(limit)));
        return EXIT.ok.code;
      }),
    );
}
