/** `lockstitch runs rerun ID`: a new run of the same version, linked to the old one. */
import type { Command } from "commander";
import { runToJson } from "#client/wire/run.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { hintsFor } from "../../hints.ts";
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
        const { engine, host } = await session.access();
        const run = await engine.rerun(LOCAL_CONTEXT, runId, {
          ...(input === undefined ? {} : { input }),
          reason: options.reason,
        });
        if (output.isJson) output.printJson(runToJson(run));
        output.printText(run.id);
        const hint = hintsFor((await session.settings()).data, machine.cwd);
        if (host !== null)
          output.note(
            `It is stored, and goes on when an engine has this data directory open: ${hint("start")}`,
          );
        return EXIT.ok.code;
      }),
    );
}
