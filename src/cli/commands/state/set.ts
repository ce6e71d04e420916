/** `lockstitch state set NAME VALUE`: sets a shared value by hand. */

import type { Command } from "commander";
import { valueToJson } from "#client/wire/value.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { readJson } from "../../read-json.ts";

interface Options {
  readonly workflow?: string;
  readonly reason?: string;
}

export function addStateSetCommand(state: Command, cli: Cli): void {
  state
    .command("set")
    .description("set a shared value; steps that are settled later see it")
    .argument("<name>", "its name")
    .argument("<value>", "JSON, @file or - for standard input")
    .option("--workflow <name>", "whose it is; without it the tenant's own")
    .option("--reason <text>", "why; it is kept")
    .action(
      cli.action<[string, string], Options>(async (session, [name, text], options) => {
        const { output, machine } = session;
        const { workflow, reason } = options;
        const value = await readJson(machine, "<value>", text);
        const { engine } = await session.access();
        const set = await engine.values.set(LOCAL_CONTEXT, { workflow, name }, { value, reason });
        if (output.isJson) output.printJson(valueToJson(set));
        output.printText(`${visible(name)} is set.`);
        return EXIT.ok.code;
      }),
    );
}
