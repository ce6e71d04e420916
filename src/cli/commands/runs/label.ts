/** `lockstitch runs label ID name=value name-`: labels set and taken away, both at once. */

import type { Command } from "commander";
import { runToJson } from "#client/wire/run.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { labelChanges } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";

export function addRunsLabelCommand(runs: Command, cli: Cli): void {
  runs
    .command("label")
    .description("change the labels of a run that has not ended")
    .argument("<run>", "run id")
    .argument("<labels...>", "name=value sets a label, name- takes it away")
    .option("--reason <text>", "why; it is journaled")
    .action(
      cli.action<[string, string[]], { reason?: string }>(
        async (session, [runId, labels], { reason }) => {
          const { output } = session;
          const change = { ...labelChanges(labels), reason };
          const { engine } = await session.access();
          const run = await engine.label(LOCAL_CONTEXT, runId, change);
          if (output.isJson) output.printJson(runToJson(run));
          const pairs = Object.entries(run.labels).map(([name, value]) => `${name}=${value}`);
          output.printText(`${run.id}  ${visible(pairs.join(" ") || "no labels")}`);
          return EXIT.ok.code;
        },
      ),
    );
}
