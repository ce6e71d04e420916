/** `lockstitch events emit NAME`: starts the runs that wait for an event of that name. */

import type { Command } from "commander";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../command-action.ts";
import { EXIT } from "../exit-codes.ts";
import { readJson } from "../read-json.ts";
import { triggerName } from "../trigger-text.ts";

interface Options {
  readonly payload: string;
  readonly id?: string;
}

export function addEventCommands(program: Command, cli: Cli): void {
  const events = program.command("events").description("events that start workflows");
  events
    .command("emit")
    .description("emit an event: a run for each trigger that it fits")
    .argument("<name>", "its name")
    .option("--payload <json>", "JSON, @file or - for standard input", "null")
    .option("--id <text>", "the same id again starts nothing again")
    .action(
      cli.action<[string], Options>(async (session, [name], { payload, id }) => {
        const { output, machine } = session;
        const value = await readJson(machine, "--payload", payload);
        const { engine } = await session.access();
        const event = { name, data: value, ...(id === undefined ? {} : { id }) };
        const emitted = await engine.triggers.emit(LOCAL_CONTEXT, event);
        if (output.isJson) output.printJson(emitted);
        for (const run of emitted.runs) output.printText(`${run.runId}  ${triggerName(run)}`);
        for (const { reason, ...trigger } of emitted.failed)
          output.note(`${output.noteColors.red(triggerName(trigger))} starts nothing: ${reason}`);
        if (emitted.failed.length > 0) return EXIT.usage.code;
        if (emitted.runs.length === 0) output.note("No trigger fits it.");
        return EXIT.ok.code;
      }),
    );
}
