/** `lockstitch schedules show WORKFLOW/NAME`: one schedule, and what came of its instants. */

import type { Command } from "commander";
import { markToJson, triggerToJson } from "#client/wire/trigger.ts";
import type { TriggerKey } from "#engine/engine-triggers.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { countArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { formatInstant, formatTable } from "../../format.ts";
import { oneLine } from "../../output.ts";
import { triggerArgument, triggerName, triggerWhen } from "../../trigger-text.ts";

export function addScheduleShowCommand(schedules: Command, cli: Cli): void {
  schedules
    .command("show")
    .description("show a schedule, and what came of its instants")
    .argument("<schedule>", "WORKFLOW/NAME", triggerArgument)
    .option("--limit <count>", "instants that are shown", countArgument(1, 200), 20)
    .action(
      cli.action<[TriggerKey], { readonly limit: number }>(async (session, [key], { limit }) => {
        const { output } = session;
        const { engine } = await session.access();
        const view = await engine.triggers.get(LOCAL_CONTEXT, key);
        const marks = await engine.triggers.marks(LOCAL_CONTEXT, key, limit);
        if (output.isJson) {
          output.printJson({ ...triggerToJson(view), marks: marks.map(markToJson) });
          return EXIT.ok.code;
        }
        const { paused, schedule } = view;
        const lines = [`${triggerName(view)}  ${triggerWhen(view)}`];
        if (paused !== null) {
          const why = paused.reason === null ? "" : `: ${oneLine(paused.reason, 200)}`;
          lines.push(`paused by ${visible(paused.by)} at ${formatInstant(paused.atMs)}${why}`);
        }
        if (schedule !== null) {
          const none =
            paused === null ? "none: it has no instant to come" : "none while it is paused";
          lines.push(`next ${formatInstant(schedule.nextAtMs) || none}`);
          if (schedule.running.length > 0) lines.push(`open ${schedule.running.join(", ")}`);
          if (schedule.waiting > 0) lines.push(`${schedule.waiting} instants wait for it`);
          if (schedule.trouble !== null) lines.push(`trouble ${oneLine(schedule.trouble, 300)}`);
        }
        output.printText(lines.join("\n"));
        if (marks.length > 0)
          output.printText(
            formatTable(
              ["instant", "outcome", "run", "why"],
              marks.map(({ instantMs, kind, runId, reason }) => [
                ...[formatInstant(instantMs), kind, runId ?? "", oneLine(reason ?? "", 80)],
              ]),
              output.colors,
            ),
          );
        return EXIT.ok.code;
      }),
    );
}
