/** `lockstitch runs priority ID N`: attempts that wait go by it at once. */
import type { Command } from "commander";
import { runToJson } from "#client/wire/run.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { priorityArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";

export function addRunsPriorityCommand(runs: Command, cli: Cli): void {
  runs
    .command("priority")
    .description("change the priority of a run that has not ended")
    .argument("<run>", "run id")
    .argument("<priority>", "0 to 10, higher first", priorityArgument)
    .option("--reason <text>", "why; it is journaled")
    .action(
      cli.action<[string, number], { reason?: string }>(
        async (session, [runId, priority], { reason }) => {
          const { output } = session;
          const { engine } = await session.access();
          const run = await engine.prioritize(LOCAL_CONTEXT, runId, { priority, reason });
          if (output.isJson) output.printJson(runToJson(run));
          output.printText(`${run.id}  priority ${priority}`);
          return EXIT.ok.code;
        },
      ),
    );
}
