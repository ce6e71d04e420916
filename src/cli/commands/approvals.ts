/** `lockstitch approvals ...`: the group; each command of it is a file in approvals/. */
import type { Command } from "commander";
import type { Cli } from "../command-action.ts";
import { addApprovalsDecideCommands } from "./approvals/decide.ts";
import { addApprovalsListCommand } from "./approvals/list.ts";

export function addApprovalCommands(program: Command, cli: Cli): void {
  const approvals = program.command("approvals").description("what waits for a person");
  addApprovalsListCommand(approvals, cli);
  addApprovalsDecideCommands(approvals, cli);
}
