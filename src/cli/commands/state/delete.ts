/** `lockstitch state delete NAME`: takes a shared value away by hand. */

import type { Command } from "commander";
import { valueToJson } from "#client/wire/value.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { oneLine } from "../../output.ts";

interface Options {
  readonly workflow?: string;
  readonly reason?: string;
}

export function addStateDeleteCommand(state: Command, cli: Cli): void {
  state
    .command("delete")
    .description("delete a shared value; a counter begins anew")
    .argument("<name>", "its name")
    .option("--workflow <name>", "whose it is; without it the tenant's own")
    .option("--reason <text>", "why; it is kept")
    .action(
      cli.action<[string], Options>(async (session, [name], { workflow, reason }) => {
        const { output } = session;
        const { engine } = await session.access();
        const gone = await engine.values.delete(LOCAL_CONTEXT, { workflow, name }, reason);
        if (output.isJson) output.printJson(valueToJson(gone));
        const was = oneLine(JSON.stringify(gone.value), 60);
        output.printText(`${visible(name)} is deleted; it was ${was}`);
        return EXIT.ok.code;
      }),
    );
}
