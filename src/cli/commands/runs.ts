/** `lockstitch runs ...`: the group; each command of it is a file in runs/. */
import type { Command } from "commander";
import type { Cli } from "../command-action.ts";
import { addRunsArchiveCommand } from "./runs/archive.ts";
import { addRunsCheckpointCommand } from "./runs/checkpoint.ts";
import { addRunsControlCommands } from "./runs/control.ts";
import { addRunsDeleteCommand } from "./runs/delete.ts";
import { addRunsEventsCommand } from "./runs/events.ts";
import { addRunsExplainCommand } from "./runs/explain.ts";
import { addRunsGetCommand } from "./runs/get.ts";
import { addRunsLabelCommand } from "./runs/label.ts";
import { addRunsListCommand } from "./runs/list.ts";
import { addRunsLogsCommand } from "./runs/logs.ts";
import { addRunsPriorityCommand } from "./runs/priority.ts";
import { addRunsRerunCommand } from "./runs/rerun.ts";
import { addRunsSignalCommand } from "./runs/signal.ts";

export function addRunsCommands(program: Command, cli: Cli): void {
  const runs = program.command("runs").description("look at runs and steer them");
  addRunsListCommand(runs, cli);
  addRunsGetCommand(runs, cli);
  addRunsEventsCommand(runs, cli);
  addRunsLogsCommand(runs, cli);
  addRunsExplainCommand(runs, cli);
  addRunsControlCommands(runs, cli);
  addRunsLabelCommand(runs, cli);
  addRunsPriorityCommand(runs, cli);
  addRunsCheckpointCommand(runs, cli);
  addRunsSignalCommand(runs, cli);
  addRunsRerunCommand(runs, cli);
  addRunsArchiveCommand(runs, cli);
  addRunsDeleteCommand(runs, cli);
}
