/** `lockstitch runs get ID`: a run with its steps. */
import type { Command } from "commander";
import { checkpointToJson } from "#client/wire/store.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { runStateDocument, runText } from "../../run-report.ts";

export function addRunsGetCommand(runs: Command, cli: Cli): void {
  runs
    .command("get")
    .description("show a run and its steps")
    .argument("<run>", "run id")
    .option("--all-steps", "inner step instances too")
    .action(
      cli.action<[string], { allSteps?: boolean }>(async (session, [runId], { allSteps }) => {
        const { output } = session;
        const { engine } = await session.access();
        const state = await engine.state(LOCAL_CONTEXT, runId);
        const checkpoints = await engine.care.checkpoints(LOCAL_CONTEXT, runId);
        if (output.isJson)
          output.printJson({
            ...runStateDocument(state, allSteps === true),
            checkpoints: checkpoints.map(checkpointToJson),
          });
        else {
          const { status } = state.run;
          // Who paused or cancelled it, and why, stands in the sentence.
          const why =
            status === "paused" || status === "cancelled"
              ? (await engine.explain(LOCAL_CONTEXT, runId)).sentence
              : null;
          const pinned = checkpoints.filter(({ isPinned }) => isPinned);
          const more = { allSteps: allSteps === true, why, pinned };
          output.printText(runText(state, more, output.colors));
        }
        return EXIT.ok.code;
      }),
    );
}
