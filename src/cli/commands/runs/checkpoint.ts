/** `lockstitch runs checkpoint ID [--pin]`: saves the run's state now. */
import type { Command } from "commander";
import { checkpointToJson } from "#client/wire/store.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";

interface Options {
  readonly pin?: boolean;
  readonly reason?: string;
}

export function addRunsCheckpointCommand(runs: Command, cli: Cli): void {
  runs
    .command("checkpoint")
    .description("save the state of a run that has not ended, so that a restart begins there")
    .argument("<run>", "run id")
    .option("--pin", "keep it until the run is deleted, whatever newer ones come")
    .option("--reason <text>", "why; it is journaled")
    .action(
      cli.action<[string], Options>(async (session, [runId], { pin = false, reason }) => {
        const { output } = session;
        const { engine } = await session.access();
        const mark = await engine.care.checkpoint(LOCAL_CONTEXT, runId, { pin, reason });
        if (output.isJson) output.printJson(checkpointToJson(mark));
        const { seq, bytes, isPinned } = mark;
        output.printText(
          `${runId}  checkpoint at event ${seq}, ${bytes} bytes${isPinned ? ", pinned" : ""}`,
        );
        return EXIT.ok.code;
      }),
    );
}
