/** `lockstitch workflows ...`: the group; each command of it is a file in workflows/. */
import type { Command } from "commander";
import type { Cli } from "../command-action.ts";
import { addWorkflowsDepsCommand } from "./workflows/deps.ts";
import { addWorkflowsListCommand } from "./workflows/list.ts";
import { addWorkflowsSaveCommand } from "./workflows/save.ts";
import { addWorkflowsShowCommand } from "./workflows/show.ts";

export function addWorkflowsCommands(program: Command, cli: Cli): void {
  const workflows = program.command("workflows").description("workflows that are saved");
  addWorkflowsListCommand(workflows, cli);
  addWorkflowsShowCommand(workflows, cli);
  addWorkflowsSaveCommand(workflows, cli);
  addWorkflowsDepsCommand(workflows, cli);
}
