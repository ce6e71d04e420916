/** `lockstitch restore FILE --data DIR`, or `--database URL`: makes a store of a backup; it starts paused. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { holdToJson } from "#client/wire/store.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { checkChecksum } from "../checksum-file.ts";
import type { Cli } from "../command-action.ts";
import { doubtLines } from "../doubts.ts";
import { EXIT } from "../exit-codes.ts";
import { hintsToStore } from "../hints.ts";

export function addRestoreCommand(program: Command, cli: Cli): void {
  program
    .command("restore")
    .description("make a data directory, or a database, of a backup; its store starts paused")
    .argument("<file>", "what `backup` has written")
    .option("--force", "replace the store of a data directory; it is kept beside")
    .action(
      cli.action<[string], { force?: boolean }>(async (session, [name], { force }) => {
        const { output, machine } = session;
        const file = resolve(machine.cwd, name);
        const settings = await session.settings();
        const hasChecksum = await checkChecksum(file);
        const facts = await machine.restore(settings, file, force === true);
        const { engine } = await session.access();
        const hold = await engine.care.hold(LOCAL_CONTEXT);
        if (output.isJson) {
          output.printJson({ data: settings.data, ...facts, hold: holdToJson(hold) });
          return EXIT.ok.code;
        }
        if (!hasChecksum)
          output.note(`There is no ${file}.sha256; the file's own pages were checked.`);
        output.printText(
          `Restored ${facts.runs} run${facts.runs === 1 ? "" : "s"} into ${facts.into}. It starts paused.`,
        );
        if (facts.replaced !== null)
          output.printText(`The store that was there is kept: ${facts.replaced}`);
        for (const line of doubtLines(hold)) output.printText(line);
        const hint = hintsToStore(settings, machine);
        output.note(`Let it run: ${hint("release")}`);
        return EXIT.ok.code;
      }),
    );
}
