/** `lockstitch schema`: the JSON Schema of workflow files, for editors. */
import type { Command } from "commander";
import { definitionJsonSchema } from "#workflow/definition-schema.ts";
import type { Cli } from "../command-action.ts";
import { EXIT } from "../exit-codes.ts";

export function addSchemaCommand(program: Command, cli: Cli): void {
  program
    .command("schema")
    .description("print the JSON Schema of workflow files, for editors")
    .action(
      cli.action<[], object>(async ({ machine, output, settings }) => {
        output.printJson(definitionJsonSchema(await machine.nodeTypes(await settings())));
        return EXIT.ok.code;
      }),
    );
}
