/** `lockstitch database status|migrate`: the schema of a shared database, looked at and brought up to date. */
import type { Command } from "commander";
import type { Cli } from "../command-action.ts";
import { EXIT } from "../exit-codes.ts";
import type { DatabaseSchema } from "../machine.ts";

export function addDatabaseCommands(program: Command, cli: Cli): void {
  const database = program
    .command("database")
    .description("look at the schema of a PostgreSQL database, or bring it up to date");
  database
    .command("status")
    .description("say which migrations are applied and which are not; changes nothing")
    .action(
      cli.action<[], object>(async ({ machine, output, settings }) => {
        const found = await machine.database.status(await settings());
        const { label, schema, version, supportedVersion, pending } = found;
        if (output.isJson) output.printJson({ database: label, ...factsOf(found), pending });
        output.printText(
          `${label}, schema ${schema}: version ${version}${pending.length === 0 ? ", nothing is pending" : ` of ${supportedVersion}`}`,
        );
        for (const name of pending) output.printText(`pending  ${name}`);
        if (pending.length > 0)
          output.note(output.noteColors.dim("Bring it up to date: lockstitch database migrate"));
        return EXIT.ok.code;
      }),
    );
  database
    .command("migrate")
    .description("run what is pending, under a lock that all hosts take")
    .action(
      cli.action<[], object>(async ({ machine, output, settings }) => {
        const done = await machine.database.migrate(await settings());
        const { label, schema, version, pending: applied } = done;
        if (output.isJson) output.printJson({ database: label, ...factsOf(done), applied });
        for (const name of applied) output.printText(`applied  ${name}`);
        output.printText(
          `${label}, schema ${schema}: version ${version}${applied.length === 0 ? ", nothing was pending" : ""}`,
        );
        return EXIT.ok.code;
      }),
    );
}

function factsOf({ schema, version, supportedVersion }: DatabaseSchema) {
  return { schema, version, supportedVersion };
}
