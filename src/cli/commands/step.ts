/** `lockstitch step retry|skip|complete|fail RUN PATH`: what an operator decides about one step; `output` shows it. */

import type { Command } from "commander";
import { runToJson } from "#client/wire/run.ts";
import type { StepResolution } from "#engine/engine.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../command-action.ts";
import { EXIT } from "../exit-codes.ts";
import { paintStatus } from "../format.ts";
import { OwnOption } from "../own-option.ts";
import { readJson } from "../read-json.ts";

const ACTIONS = {
  retry: ["try it now: end its pause, or give up its attempt and begin another", "is tried now"],
  skip: ["skip it, as if its own `if` were false", "is skipped"],
  complete: ["let it succeed with the output that you give", "is completed"],
  fail: ["let it fail with code operator_failed", "is failed"],
} as const satisfies Record<StepResolution["action"], readonly [string, string]>;

interface Options {
  readonly reason?: string;
  readonly id?: string;
  readonly output?: string;
  readonly port?: string;
  readonly message?: string;
}

export function addStepCommands(program: Command, cli: Cli): void {
  const group = program.command("step").description("decide about one step of a run, or read it");
  for (const action of Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]) {
    const command = group
      .command(action)
      .description(ACTIONS[action][0])
      .argument("<run>", "run id")
      .argument("<path>", "the step's path, as `runs explain` and `run` show it")
      .option("--reason <text>", "why; it is journaled")
      .option("--id <id>", "applied once for each id");
    if (action === "complete")
      command
        .option("--output <json>", "JSON, @file or - for standard input; null by default")
        .addOption(new OwnOption("--port <name>", "the port it takes, of a step that has ports"));
    if (action === "fail") command.option("--message <text>", "the error's message");
    command.action(
      cli.action<[string, string], Options>(async (session, [runId, path], options) => {
        const { output, machine } = session;
        const value = await readJson(machine, "--output", options.output);
        const { engine } = await session.access();
        const { reason, id, port, message } = options;
        const run = await engine.resolveStep(LOCAL_CONTEXT, runId, path, {
          ...{ action, reason, id, port, message },
          ...(value === undefined ? {} : { output: value }),
        });
        if (output.isJson) output.printJson(runToJson(run));
        const status = paintStatus(run.status, run.status, output.colors);
        output.printText(`${visible(path)} ${ACTIONS[action][1]}; ${run.id}  ${status}`);
        return EXIT.ok.code;
      }),
    );
  }
  group
    .command("output")
    .description("print a step's output as JSON, however large")
    .argument("<run>", "run id")
    .argument("<path>", "the step's path")
    .action(
      cli.action<[string, string], object>(async ({ output, access }, [runId, path]) => {
        const { engine } = await access();
        const found = await engine.stepOutput(LOCAL_CONTEXT, runId, path);
        if (output.isJson) output.printJson(found);
        else output.printText(visible(JSON.stringify(found.output, null, 2)));
        return EXIT.ok.code;
      }),
    );
}
