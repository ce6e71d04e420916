/** `lockstitch workflows ...`: the group; each command of it is a file in workflows/. */
import type { Command } from "commander";
import type { Cli } from "../command-action.ts";
import { addWorkflowsDepsCommand } from "./workflows/deps.ts";

export function addWorkflowsCommands(program: Command, cli: Cli): void {
  const workflows = program.command("workflows").description("workflows that are saved");
  addWorkflowsDepsCommand(workflows, cli);
}
