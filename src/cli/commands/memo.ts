/** `lockstitch memo ...`: the group; each command of it is a file in memo/. */
import type { Command } from "commander";
import type { Cli } from "../command-action.ts";
import { addMemoClearCommand } from "./memo/clear.ts";
import { addMemoListCommand } from "./memo/list.ts";

export function addMemoCommands(program: Command, cli: Cli): void {
  const memo = program
    .command("memo")
    .description("results that are remembered (`memo` of a step)");
  addMemoListCommand(memo, cli);
  addMemoClearCommand(memo, cli);
}
