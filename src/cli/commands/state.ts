/** `lockstitch state ...`: the group; each command of it is a file in state/. */
import type { Command } from "commander";
import type { Cli } from "../command-action.ts";
import { addStateDeleteCommand } from "./state/delete.ts";
import { addStateGetCommand } from "./state/get.ts";
import { addStateListCommand } from "./state/list.ts";
import { addStateSetCommand } from "./state/set.ts";

export function addStateCommands(program: Command, cli: Cli): void {
  const state = program
    .command("state")
    .description("values that runs of a workflow, or all runs, share (`state.*` steps)");
  addStateListCommand(state, cli);
  addStateGetCommand(state, cli);
  addStateSetCommand(state, cli);
  addStateDeleteCommand(state, cli);
}
