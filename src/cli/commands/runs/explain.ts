/** `lockstitch runs explain ID`: what a run waits for, and what would free it. */
import type { Command } from "commander";
import { explainToJson } from "#client/wire/run-reads.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { formatInstant } from "../../format.ts";
import { visible } from "../../output.ts";

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
        for (const wait of explain.waits) {
          const due = wait.dueAtMs === null ? "" : `, due ${formatInstant(wait.dueAtMs)} UTC`;
          const frees =
            wait.frees === null ? "" : output.colors.dim(`\n    ${visible(wait.frees)}`);
          output.printText(`  ${visible(wait.text)}${due}${frees}`);
        }
        if (explain.more > 0) output.printText(`  and ${explain.more} more`);
        return EXIT.ok.code;
      }),
    );
}
