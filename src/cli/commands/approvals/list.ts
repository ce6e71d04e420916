/** `lockstitch approvals list`: every wait.approval that nobody has decided yet. */

import type { Command } from "commander";
import { approvalToJson } from "#client/wire/workflow.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { labelArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { formatInstant, formatTable } from "../../format.ts";
import { hintsToStore } from "../../hints.ts";
import { oneLine } from "../../output.ts";

interface Options {
  readonly label?: Readonly<Record<string, string>>;
}

export function addApprovalsListCommand(approvals: Command, cli: Cli): void {
  approvals
    .command("list")
    .description("list what waits for an approval")
    .option("--label <name=value>", "only of runs with this label; may be repeated", labelArgument)
    .action(
      cli.action<[], Options>(async (session, _args, { label }) => {
        const { output, machine } = session;
        const { engine } = await session.access();
        const items = await engine.approvals(LOCAL_CONTEXT, { labels: label });
        if (output.isJson) output.printJson({ items: items.map(approvalToJson) });
        if (output.isJson) return EXIT.ok.code;
        const first = items[0];
        if (first === undefined) {
          output.note("Nothing waits for an approval.");
          return EXIT.ok.code;
        }
        output.printText(
          formatTable(
            ["run", "step", "title", "workflow", "since", "expires"],
            items.map((item) => [
              item.runId,
              visible(item.path),
              oneLine(item.title, 60),
              visible(item.workflow),
              formatInstant(item.sinceMs),
              formatInstant(item.expiresAtMs),
            ]),
            output.colors,
          ),
        );
        const hint = hintsToStore(await session.settings(), machine);
        output.note(output.noteColors.dim(hint("approvals", "approve", first.runId, first.path)));
        return EXIT.ok.code;
      }),
    );
}
