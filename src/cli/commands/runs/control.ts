/** `lockstitch runs pause|resume|cancel|terminate ID`: one table, for they differ in a verb only. */
import type { Command } from "commander";
import { runToJson } from "#client/wire/run.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { paintStatus } from "../../format.ts";

const VERBS = {
  pause: "start no further step; running steps finish",
  resume: "go on after a pause",
  cancel: "stop running steps, run `finally`, end as cancelled",
  terminate: "end at once as cancelled, without `finally`",
} as const;

export function addRunsControlCommands(runs: Command, cli: Cli): void {
  for (const [verb, about] of Object.entries(VERBS) as [keyof typeof VERBS, string][])
    runs
      .command(verb)
      .description(about)
      .argument("<run>", "run id")
      .option("--reason <text>", "why; it is journaled")
      .action(
        cli.action<[string], { reason?: string }>(async (session, [runId], { reason }) => {
          const { output } = session;
          const { engine } = await session.access();
          const run = await engine[verb](LOCAL_CONTEXT, runId, reason);
          if (output.isJson) output.printJson(runToJson(run));
          output.printText(`${run.id}  ${paintStatus(run.status, run.status, output.colors)}`);
          return EXIT.ok.code;
        }),
      );
}
