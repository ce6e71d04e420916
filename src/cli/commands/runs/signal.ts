/** `lockstitch runs signal ID NAME`: tells a run something that it waits, or will wait, for. */
import type { Command } from "commander";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";
import { readJson } from "../../read-json.ts";

interface Options {
  readonly key?: string;
  readonly payload?: string;
  readonly id?: string;
}

export function addRunsSignalCommand(runs: Command, cli: Cli): void {
  runs
    .command("signal")
    .description("send a signal; it is kept until a step takes it")
    .argument("<run>", "run id")
    .argument("<name>", "name that the step waits for")
    .option("--key <key>", "key that the step waits for")
    .option("--payload <json>", "JSON, @file or - for standard input")
    .option("--id <id>", "applied once for each id; made up by default")
    .action(
      cli.action<[string, string], Options>(async (session, [runId, name], options) => {
        const { output, machine } = session;
        const payload = await readJson(machine, "--payload", options.payload);
        const { engine } = await session.access();
        const answer = await engine.signal(LOCAL_CONTEXT, runId, {
          name,
          key: options.key ?? null,
          payload: payload ?? null,
          id: options.id,
        });
        if (output.isJson) output.printJson(answer);
        output.printText(
          answer.applied
            ? `Sent as ${answer.id}.`
            : `${answer.id} was sent before: nothing changed.`,
        );
        return EXIT.ok.code;
      }),
    );
}
