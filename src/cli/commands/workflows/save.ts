/** `lockstitch workflows save FILE`: saves a definition without running it, for starts by name and workflow.run. */
import type { Command } from "commander";
import { versionToJson } from "#client/wire/workflow.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { definitionInvalid } from "#workflow/problem.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { readDefinition } from "../../read-definition.ts";

export function addWorkflowsSaveCommand(workflows: Command, cli: Cli): void {
  workflows
    .command("save")
    .description("save a workflow file as the newest version of its name")
    .argument("<file>", "workflow file: YAML, JSON, graph JSON, TypeScript")
    .action(
      cli.action<[string], object>(async (session, [file]) => {
        const { machine, output, settings } = session;
        const nodeTypes = await machine.nodeTypes(await settings());
        const { definition, problems } = await readDefinition(file, {
          cwd: machine.cwd,
          nodeTypes,
        });
        if (definition === null) throw definitionInvalid(problems);
        const { engine } = await session.access();
        const saved = await engine.saveWorkflow(LOCAL_CONTEXT, definition);
        const { name, version, created } = saved;
        if (output.isJson) output.printJson({ ...versionToJson(saved), created });
        output.printText(
          created
            ? `${name} version ${version} is saved.`
            : `${name} version ${version} says the same already.`,
        );
        return EXIT.ok.code;
      }),
    );
}
