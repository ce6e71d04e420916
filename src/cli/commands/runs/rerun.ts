/** `lockstitch runs rerun ID`: a new run of the same version, linked to the old one. */
import type { Command } from "commander";
import { runToJson } from "#client/wire/run.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { idleNote } from "../../hints.ts";
import { readJson } from "../../read-json.ts";

interface Options {
  readonly input?: string;
  readonly reason?: string;
}

export function addRunsRerunCommand(runs: Command, cli: Cli): void {
  runs
    .command("rerun")
    .description("start the same version again, with the same or another input")
    .argument("<run>", "run id")
    .option("--input <json>", "JSON, @file or - for standard input; default: the old input")
    .option("--reason <text>", "why; it is journaled")
    .action(
      cli.action<[string], Options>(async (session, [runId], options) => {
        const { output, machine } = session;
        const input = await readJson(machine, "--input", options.input);
        const access = await session.access();
        const run = await access.engine.rerun(LOCAL_CONTEXT, runId, {
          ...(input === undefined ? {} : { input }),
          reason: options.reason,
        });
        if (output.isJson) output.printJson(runToJson(run));
        output.printText(run.id);
        const settings = await session.settings();
        const idle = idleNote(access, run, { settings, machine });
        if (idle !== null) output.note(idle);
        return EXIT.ok.code;
      }),
    );
}
