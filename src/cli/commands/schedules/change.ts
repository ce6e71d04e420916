/** `lockstitch schedules save|delete WORKFLOW/NAME`: schedules beside those of a definition. */

import type { Command } from "commander";
import { ScheduleBody, triggerToJson } from "#client/wire/trigger.ts";
import type { TriggerKey } from "#engine/engine-triggers.ts";
import { LockstitchError } from "#errors/errors.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { readJson } from "../../read-json.ts";
import { triggerArgument, triggerName } from "../../trigger-text.ts";

export function addScheduleChangeCommands(schedules: Command, cli: Cli): void {
  schedules
    .command("save")
    .description("make a schedule beside those of the workflow's definition, or change it")
    .argument("<schedule>", "WORKFLOW/NAME", triggerArgument)
    .argument("<spec>", 'JSON such as {"cron":"0 6 * * *"}, @file or - for standard input')
    .action(
      cli.action<[TriggerKey, string], object>(async (session, [key, text]) => {
        const { output, machine } = session;
        const parsed = ScheduleBody.safeParse(await readJson(machine, "<spec>", text));
        if (!parsed.success) {
          const [issue] = parsed.error.issues;
          const message = `<spec>: ${[...(issue?.path ?? []), issue?.message].join(" ")}`;
          throw new LockstitchError("request_invalid", message);
        }
        const { engine } = await session.access();
        const { created, ...view } = await engine.triggers.save(LOCAL_CONTEXT, key, parsed.data);
        if (output.isJson) output.printJson(triggerToJson(view));
        output.printText(`${triggerName(view)} is ${created ? "made" : "saved"}.`);
        return EXIT.ok.code;
      }),
    );
  schedules
    .command("delete")
    .description("delete a schedule that was made by hand; its runs go on")
    .argument("<schedule>", "WORKFLOW/NAME", triggerArgument)
    .action(
      cli.action<[TriggerKey], object>(async (session, [key]) => {
        const { engine } = await session.access();
        await engine.triggers.delete(LOCAL_CONTEXT, key);
        if (session.output.isJson) session.output.printJson({ deleted: key });
        session.output.printText(`${triggerName(key)} is deleted.`);
        return EXIT.ok.code;
      }),
    );
}
