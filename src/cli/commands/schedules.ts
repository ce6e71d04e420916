/** `lockstitch schedules ...`: the group; each command of it is a file in schedules/. */
import type { Command } from "commander";
import type { Cli } from "../command-action.ts";
import { addScheduleChangeCommands } from "./schedules/change.ts";
import { addScheduleControlCommands } from "./schedules/control.ts";
import { addSchedulesListCommand } from "./schedules/list.ts";
import { addSchedulePreviewCommand } from "./schedules/preview.ts";
import { addScheduleShowCommand } from "./schedules/show.ts";

export function addScheduleCommands(program: Command, cli: Cli): void {
  const schedules = program
    .command("schedules")
    .description("what starts workflows by itself: schedules, event triggers, webhooks");
  addSchedulesListCommand(schedules, cli);
  addScheduleShowCommand(schedules, cli);
  addSchedulePreviewCommand(schedules, cli);
  addScheduleControlCommands(schedules, cli);
  addScheduleChangeCommands(schedules, cli);
}
