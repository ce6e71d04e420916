/** `lockstitch runs explain ID`: what a run waits for, and what would free it. */

import type { Command } from "commander";
import { explainToJson } from "#client/wire/run-reads.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";

export function addRunsExplainCommand(runs: Command, cli: Cli): void {
  runs
    .command("explain")
    .description("say in words what a run waits for and what would free it")
    .argument("<run>", "run id")
    .action(
      cli.action<[string], object>(async (session, [runId]) => {
        const { output } = session;
        const { engine } = await session.access();
        const explain = await engine.explain(LOCAL_CONTEXT, runId);
        if (output.isJson) output.printJson(explainToJson(explain));
        output.printText(visible(explain.sentence));
        // The sentence is about the only wait, or sums up several.
        for (const wait of explain.waits) {
          if (explain.waits.length > 1) output.printText(`  ${visible(wait.text)}`);
          if (wait.frees !== null)
            output.printText(output.colors.dim(`    to free it: ${visible(wait.frees)}`));
        }
        if (explain.more > 0) output.printText(`  and ${explain.more} more`);
        for (const warning of explain.warnings) output.printText(`warning: ${warning}`);
        return EXIT.ok.code;
      }),
    );
}
