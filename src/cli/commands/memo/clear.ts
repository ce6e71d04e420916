/** `lockstitch memo clear`: forgets remembered results, so that the steps run again. */
import type { Command } from "commander";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";

interface Options {
  readonly workflow?: string;
  readonly key?: string;
}

export function addMemoClearCommand(memo: Command, cli: Cli): void {
  memo
    .command("clear")
    .description("forget remembered results: all, or those that match")
    .option("--workflow <name>", "only those that this workflow gave")
    .option("--key <key>", "only this one: a step's key, or a full key")
    .action(
      cli.action<[], Options>(async (session, _args, filter) => {
        const { output } = session;
        const { engine } = await session.access();
        const cleared = await engine.clearMemos(LOCAL_CONTEXT, filter);
        if (output.isJson) output.printJson({ cleared });
        output.printText(`Forgot ${cleared} ${cleared === 1 ? "result" : "results"}.`);
        return EXIT.ok.code;
      }),
    );
}
