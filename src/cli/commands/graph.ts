/** `lockstitch graph FILE`: the workflow as a diagram. */
import { type Command, Option } from "commander";
import { graphOf, toDot, toMermaid } from "#workflow/graph-text.ts";
import { definitionInvalid } from "#workflow/problem.ts";
import type { Cli } from "../command-action.ts";
import { EXIT } from "../exit-codes.ts";
import { readDefinition } from "../read-definition.ts";

const FORMATS = { mermaid: toMermaid, dot: toDot } as const;

export function addGraphCommand(program: Command, cli: Cli): void {
  program
    .command("graph")
    .description("print a workflow as a diagram")
    .argument("<file>", "workflow file: YAML, JSON, graph JSON, TypeScript")
    .addOption(
      new Option("--format <format>", "language of the diagram")
        .choices(Object.keys(FORMATS))
        .default("mermaid"),
    )
    .action(
      cli.action<[string], { format: keyof typeof FORMATS }>(
        async ({ machine, output, settings }, [file], { format }) => {
          const { plan, problems } = await readDefinition(file, {
            cwd: machine.cwd,
            nodeTypes: await machine.nodeTypes(await settings()),
          });
          if (plan === null) throw definitionInvalid(problems);
          if (output.isJson) output.printJson(graphOf(plan));
          else output.printText(FORMATS[format](plan).trimEnd());
          return EXIT.ok.code;
        },
      ),
    );
}
