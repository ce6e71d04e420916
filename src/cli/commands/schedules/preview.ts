/** `lockstitch schedules preview WORKFLOW/NAME`: when a schedule fires next, in its own zone. */

import type { Command } from "commander";
import { upcomingToJson } from "#client/wire/trigger.ts";
import type { TriggerKey } from "#engine/engine-triggers.ts";
import { LockstitchError } from "#errors/errors.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { countArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { formatInstant, formatTable } from "../../format.ts";
import { triggerArgument } from "../../trigger-text.ts";

interface Options {
  readonly count: number;
  readonly after?: string;
}

export function addSchedulePreviewCommand(schedules: Command, cli: Cli): void {
  schedules
    .command("preview")
    .description("show when a schedule fires next")
    .argument("<schedule>", "WORKFLOW/NAME", triggerArgument)
    .option("--count <count>", "how many", countArgument(1, 1_000), 10)
    .option("--after <instant>", "from here on (ISO 8601); default: now")
    .action(
      cli.action<[TriggerKey], Options>(async (session, [key], { count, after }) => {
        const { output } = session;
        const { engine } = await session.access();
        const afterMs = after === undefined ? undefined : Date.parse(after);
        if (Number.isNaN(afterMs))
          throw new LockstitchError("request_invalid", `--after: ${after} is no instant.`);
        const items = await engine.triggers.preview(LOCAL_CONTEXT, key, count, afterMs);
        if (output.isJson) {
          output.printJson({ items: items.map(upcomingToJson) });
          return EXIT.ok.code;
        }
        if (items.length === 0) output.note("It never fires again.");
        else
          output.printText(
            formatTable(
              ["local", "instant", "with jitter"],
              items.map(({ local, instantMs, dueAtMs }) => [
                ...[local, formatInstant(instantMs)],
                dueAtMs === instantMs ? "" : formatInstant(dueAtMs),
              ]),
              output.colors,
            ),
          );
        return EXIT.ok.code;
      }),
    );
}
