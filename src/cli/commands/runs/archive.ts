/** `lockstitch runs archive`: writes runs that have ended to the archive, and leaves them. */
import type { Command } from "commander";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../../command-action.ts";
import { EXIT } from "../../exit-codes.ts";

export function addRunsArchiveCommand(runs: Command, cli: Cli): void {
  runs
    .command("archive")
    .description("write runs that have ended to files; read one with `runs events --archive`")
    .argument("<runs...>", "run ids")
    .action(
      cli.action<[readonly string[]], object>(async (session, [ids]) => {
        const { output } = session;
        const { engine } = await session.access();
        const items: { id: string; file: string; bytes: number }[] = [];
        for (const id of ids) {
          const archived = await engine.care.archiveRun(LOCAL_CONTEXT, id);
          items.push({ id, ...archived });
          output.printText(archived.file);
        }
        if (output.isJson) output.printJson({ items });
        return EXIT.ok.code;
      }),
    );
}
