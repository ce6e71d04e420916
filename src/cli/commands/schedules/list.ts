/** `lockstitch schedules list`: what starts workflows by itself, and when next. */

import { type Command, Option } from "commander";
import { triggerToJson } from "#client/wire/trigger.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { countArgument } from "../../arguments.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { formatInstant, formatTable } from "../../format.ts";
import { triggerName, triggerWhen } from "../../trigger-text.ts";

interface Options {
  readonly workflow?: string;
  readonly kind: "schedule" | "event" | "webhook" | "all";
  readonly limit: number;
}

export function addSchedulesListCommand(schedules: Command, cli: Cli): void {
  schedules
    .command("list")
    .description("list schedules with their next instant")
    .option("--workflow <name>", "only those of this workflow")
    .addOption(
      new Option("--kind <kind>", "event triggers and webhooks too")
        .choices(["schedule", "event", "webhook", "all"])
        .default("schedule"),
    )
    .option("--limit <count>", "how many", countArgument(1, 1_000), 100)
    .action(
      cli.action<[], Options>(async (session, _args, { workflow, kind, limit }) => {
        const { output } = session;
        const { engine } = await session.access();
        const filter = { workflow, limit, kind: kind === "all" ? undefined : kind };
        const { items, cursor } = await engine.triggers.list(LOCAL_CONTEXT, filter);
        if (output.isJson) {
          output.printJson({ items: items.map(triggerToJson), cursor });
          return EXIT.ok.code;
        }
        if (items.length === 0) output.note("There are none.");
        else
          output.printText(
            formatTable(
              ["schedule", "when", "next", "last run", "fired", "skipped", "missed"],
              items.map((item) => [
                triggerName(item),
                triggerWhen(item),
                item.paused === null ? formatInstant(item.schedule?.nextAtMs ?? null) : "paused",
                item.schedule?.lastRunId ?? "",
                String(item.schedule?.fired ?? ""),
                String(item.schedule?.skipped ?? ""),
                String(item.schedule?.missed ?? ""),
              ]),
              output.colors,
            ),
          );
        if (cursor !== null) output.note(output.noteColors.dim("There are more: raise --limit."));
        return EXIT.ok.code;
      }),
    );
}
