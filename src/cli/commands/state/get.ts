/** `lockstitch state get NAME`: one shared value, and what operators did to it. */

import type { Command } from "commander";
import { valueChangeToJson, valueToJson } from "#client/wire/value.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { formatInstant } from "../../format.ts";
import { oneLine } from "../../output.ts";

const CHANGES_SHOWN = 20;

export function addStateGetCommand(state: Command, cli: Cli): void {
  state
    .command("get")
    .description("print a shared value as JSON")
    .argument("<name>", "its name")
    .option("--workflow <name>", "whose it is; without it the tenant's own")
    .action(
      cli.action<[string], { readonly workflow?: string }>(async (session, [name], options) => {
        const { output } = session;
        const { engine } = await session.access();
        const key = { workflow: options.workflow, name };
        const value = await engine.values.get(LOCAL_CONTEXT, key);
        const changes = await engine.values.changes(LOCAL_CONTEXT, key, CHANGES_SHOWN);
        if (output.isJson)
          output.printJson({ ...valueToJson(value), changes: changes.map(valueChangeToJson) });
        output.printText(visible(JSON.stringify(value.value)));
        const { dim } = output.noteColors;
        const at = formatInstant(value.changedAtMs);
        output.note(dim(`changed ${at} by ${visible(value.changedBy)}`));
        for (const { atMs, by, reason } of changes) {
          const why = oneLine(reason ?? "no reason given", 80);
          output.note(dim(`${formatInstant(atMs)} ${visible(by)}: ${why}`));
        }
        return EXIT.ok.code;
      }),
    );
}
