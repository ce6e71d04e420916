/** `lockstitch memo list`: remembered results, newest first. */

import type { Command } from "commander";
import { memoToJson } from "#client/wire/memo.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { countArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { formatInstant, formatTable } from "../../format.ts";
import { oneLine } from "../../output.ts";

interface Options {
  readonly workflow?: string;
  readonly key?: string;
  readonly limit: number;
}

export function addMemoListCommand(memo: Command, cli: Cli): void {
  memo
    .command("list")
    .description("list remembered results, newest first")
    .option("--workflow <name>", "only those that this workflow gave")
    .option("--key <key>", "only this one: a step's key, or a full key")
    .option("--limit <count>", "how many", countArgument(1, 1_000), 20)
    .action(
      cli.action<[], Options>(async (session, _args, { workflow, key, limit }) => {
        const { output } = session;
        const { engine } = await session.access();
        const { items, cursor } = await engine.memos(LOCAL_CONTEXT, { workflow, key, limit });
        if (output.isJson) {
          output.printJson({ items: items.map(memoToJson), cursor });
          return EXIT.ok.code;
        }
        if (items.length === 0) output.note("Nothing is remembered.");
        else
          output.printText(
            formatTable(
              ["key", "scope", "workflow", "step", "bytes", "made", "expires"],
              items.map((item) => [
                item.label === null ? item.key.slice(0, 16) : oneLine(item.label, 40),
                item.scope,
                visible(item.workflow),
                visible(item.path),
                String(item.bytes),
                formatInstant(item.createdAtMs),
                formatInstant(item.expiresAtMs),
              ]),
              output.colors,
            ),
          );
        if (cursor !== null) output.note(output.noteColors.dim("There are more: raise --limit."));
        return EXIT.ok.code;
      }),
    );
}
