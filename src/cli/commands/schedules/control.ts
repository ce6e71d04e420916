/** `lockstitch schedules pause|resume|trigger WORKFLOW/NAME`. */

import type { Command } from "commander";
import { triggerToJson } from "#client/wire/trigger.ts";
import type { TriggerKey } from "#engine/engine-triggers.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { triggerArgument, triggerName } from "../../trigger-text.ts";

export function addScheduleControlCommands(schedules: Command, cli: Cli): void {
  schedules
    .command("pause")
    .description("pause a schedule, event trigger or webhook; instants meanwhile are skipped")
    .argument("<schedule>", "WORKFLOW/NAME", triggerArgument)
    .option("--reason <text>", "why; it is kept")
    .action(
      cli.action<[TriggerKey], { readonly reason?: string }>(async (session, [key], { reason }) => {
        const { engine } = await session.access();
        const view = await engine.triggers.pause(LOCAL_CONTEXT, key, reason);
        if (session.output.isJson) session.output.printJson(triggerToJson(view));
        session.output.printText(`${triggerName(view)} is paused.`);
        return EXIT.ok.code;
      }),
    );
  schedules
    .command("resume")
    .description("let it go on")
    .argument("<schedule>", "WORKFLOW/NAME", triggerArgument)
    .action(
      cli.action<[TriggerKey], object>(async (session, [key]) => {
        const { engine } = await session.access();
        const view = await engine.triggers.resume(LOCAL_CONTEXT, key);
        if (session.output.isJson) session.output.printJson(triggerToJson(view));
        session.output.printText(`${triggerName(view)} goes on.`);
        return EXIT.ok.code;
      }),
    );
  schedules
    .command("trigger")
    .description("start a run of it now, whatever else of it is open")
    .argument("<schedule>", "WORKFLOW/NAME", triggerArgument)
    .option("--key <text>", "the same key again starts nothing again")
    .action(
      cli.action<[TriggerKey], { readonly key?: string }>(async (session, [key], options) => {
        const { engine } = await session.access();
        const run = await engine.triggers.fire(LOCAL_CONTEXT, key, options.key);
        if (session.output.isJson) session.output.printJson(run);
        session.output.printText(run.runId);
        return EXIT.ok.code;
      }),
    );
}
