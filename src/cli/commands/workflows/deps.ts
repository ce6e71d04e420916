/** `lockstitch workflows deps NAME`: what a saved workflow runs, with versions. */
import type { Command } from "commander";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { countArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { dependencyLines, dependencyWarnings } from "../../dependency-text.ts";
import { EXIT } from "../../exit-codes.ts";

export function addWorkflowsDepsCommand(workflows: Command, cli: Cli): void {
  workflows
    .command("deps")
    .description("show which workflows a workflow runs, and what those run")
    .argument("<name>", "name of a saved workflow")
    .option("--at <version>", "another version than the newest", countArgument(1, 1_000_000_000))
    .action(
      cli.action<[string], { at?: number }>(async (session, [name], { at }) => {
        const { output } = session;
        const { engine } = await session.access();
        const found = await engine.workflowDependencies(LOCAL_CONTEXT, name, at);
        if (output.isJson) {
          output.printJson(found);
          return EXIT.ok.code;
        }
        const root = found.workflows[0];
        output.printText(output.colors.bold(`${visible(name)} version ${root?.version}`));
        const lines = dependencyLines(found);
        if (lines.length === 0) output.printText("It runs no other workflow.");
        for (const line of lines) output.printText(line);
        for (const warning of dependencyWarnings(found))
          output.printText(`${output.colors.yellow("!")} ${warning}`);
        return EXIT.ok.code;
      }),
    );
}
