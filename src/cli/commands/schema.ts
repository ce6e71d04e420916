/** `lockstitch schema`: the JSON Schema of workflow files, for editors. */
import type { Command } from "commander";
import { z } from "zod";
import { WorkflowDefinition } from "#workflow/definition.ts";
import type { Cli } from "../command-action.ts";
import { EXIT } from "../exit-codes.ts";

export function addSchemaCommand(program: Command, cli: Cli): void {
  program
    .command("schema")
    .description("print the JSON Schema of workflow files, for editors")
    .action(
      cli.action<[], object>(async ({ output }) => {
        output.printJson(z.toJSONSchema(WorkflowDefinition));
        return EXIT.ok.code;
      }),
    );
}
