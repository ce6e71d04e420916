/** `lockstitch approvals approve|reject RUN STEP`: a person's decision. */

import type { Command } from "commander";
import { runToJson } from "#client/wire/run.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { idleNote } from "../../hints.ts";
import { readJson } from "../../read-json.ts";

interface Options {
  readonly comment?: string;
  readonly form?: string;
}

export function addApprovalsDecideCommands(approvals: Command, cli: Cli): void {
  for (const [verb, approved] of [
    ["approve", true],
    ["reject", false],
  ] as const)
    approvals
      .command(verb)
      .description(approved ? "let a waiting step go on" : "refuse a waiting step")
      .argument("<run>", "run id")
      .argument("<step>", "path of the step, e.g. approve or orders[3].approve")
      .option("--comment <text>", "why; the step's output has it")
      .option("--form <json>", "what the step's form asks for: JSON, @file or -")
      .action(
        cli.action<[string, string], Options>(async (session, [runId, path], options) => {
          const { output, machine } = session;
          const form = await readJson(machine, "--form", options.form);
          const access = await session.access();
          const run = await access.engine.decideApproval(LOCAL_CONTEXT, runId, path, {
            approved,
            comment: options.comment,
            ...(form === undefined ? {} : { form }),
          });
          if (output.isJson) output.printJson(runToJson(run));
          output.printText(
            `${approved ? "Approved" : "Rejected"}: ${visible(path)} of ${run.id}, which is ${run.status}.`,
          );
          const settings = await session.settings();
          const idle = idleNote(access, run, { settings, machine });
          if (idle !== null) output.note(idle);
          return EXIT.ok.code;
        }),
      );
}
