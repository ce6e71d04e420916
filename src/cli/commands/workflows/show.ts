/** `lockstitch workflows show NAME`: a saved definition, as YAML that can be edited and saved again. */
import type { Command } from "commander";
import { versionToJson } from "#client/wire/workflow.ts";
import { LockstitchError } from "#errors/errors.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { printYaml } from "#workflow/print.ts";
import { countArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { formatInstant } from "../../format.ts";

export function addWorkflowsShowCommand(workflows: Command, cli: Cli): void {
  workflows
    .command("show")
    .description("print a saved workflow as YAML")
    .argument("<name>", "name of a saved workflow")
    .option("--at <version>", "another version than the newest", countArgument(1, 1_000_000_000))
    .action(
      cli.action<[string], { at?: number }>(async (session, [name], { at }) => {
        const { output } = session;
        const { engine } = await session.access();
        const found = await engine.findWorkflow(LOCAL_CONTEXT, name, at);
        if (found === null) throw notFound(name, at);
        const { definition, version, createdAtMs, hash } = found;
        if (output.isJson) output.printJson({ ...versionToJson(found), definition });
        output.printText(
          `# ${visible(name)} version ${version}, saved ${formatInstant(createdAtMs)}, hash ${hash.slice(0, 12)}`,
        );
        for (const line of printYaml(definition).trimEnd().split("\n"))
          output.printText(visible(line));
        return EXIT.ok.code;
      }),
    );
}

function notFound(name: string, version: number | undefined): LockstitchError {
  const which = version === undefined ? "" : ` version ${version}`;
  return new LockstitchError(
    "workflow_not_found",
    `There is no workflow ${JSON.stringify(name)}${which}: \`lockstitch workflows list\` shows what is saved.`,
    { details: { workflow: name } },
  );
}
