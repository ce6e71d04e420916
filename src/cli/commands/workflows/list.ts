/** `lockstitch workflows list`: saved workflows with their newest version, by name. */
import type { Command } from "commander";
import { versionToJson } from "#client/wire/workflow.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { countArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { formatInstant, formatTable } from "../../format.ts";
import { LIST_MAX, moreText, upTo } from "../../pages.ts";

export function addWorkflowsListCommand(workflows: Command, cli: Cli): void {
  workflows
    .command("list")
    .description("list saved workflows with their newest version, by name")
    .option("--limit <count>", "how many", countArgument(1, LIST_MAX), 1_000)
    .action(
      cli.action<[], { limit: number }>(async (session, _args, { limit }) => {
        const { output } = session;
        const { engine } = await session.access();
        const { items, cursor } = await upTo(limit, async (count, after) => {
          const page = await engine.listWorkflows(LOCAL_CONTEXT, after ?? null, count);
          return { items: page, cursor: page.length < count ? null : (page.at(-1)?.name ?? null) };
        });
        if (output.isJson) {
          output.printJson({ items: items.map(versionToJson), cursor });
          return EXIT.ok.code;
        }
        if (items.length === 0) output.note("There are no saved workflows.");
        else
          output.printText(
            formatTable(
              ["workflow", "version", "saved", "hash"],
              items.map(({ name, version, createdAtMs, hash }) => [
                visible(name),
                String(version),
                formatInstant(createdAtMs),
                hash.slice(0, 12),
              ]),
              output.colors,
            ),
          );
        if (cursor !== null) output.note(output.noteColors.dim(moreText(limit)));
        return EXIT.ok.code;
      }),
    );
}
