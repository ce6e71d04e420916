/** `lockstitch restore FILE --data DIR`: makes a data directory of a backup; it starts paused. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { holdToJson } from "#client/wire/store.ts";
import { LockstitchError } from "#errors/errors.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../command-action.ts";
import { doubtLines } from "../doubts.ts";
import { EXIT } from "../exit-codes.ts";
import { hintsFor } from "../hints.ts";

export function addRestoreCommand(program: Command, cli: Cli): void {
  program
    .command("restore")
    .description("make the data directory of a backup; its store starts paused")
    .argument("<file>", "what `backup` has written")
    .option("--force", "replace a store that is there; it is kept beside")
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
          `Restored ${facts.runs} run${facts.runs === 1 ? "" : "s"} into ${settings.data}. It starts paused.`,
        );
        for (const line of doubtLines(hold)) output.printText(line);
        const hint = hintsFor(settings.data, machine.cwd);
        output.note(`Let it run: ${hint("release")}`);
        return EXIT.ok.code;
      }),
    );
}

/** False: there is none beside the file. Throws not_found, store_corrupt. */
async function checkChecksum(file: string): Promise<boolean> {
  const said = await readFile(`${file}.sha256`, "utf8").catch(() => null);
  const digest = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
  } catch (error) {
    throw unreadable(file, error);
  }
  if (said === null) return false;
  if (said.slice(0, 64) === digest.digest("hex")) return true;
  throw new LockstitchError(
    "store_corrupt",
    `${file} is not what was written: its checksum differs from ${file}.sha256. Use another backup.`,
  );
}

function unreadable(file: string, cause: unknown): LockstitchError {
  return new LockstitchError("not_found", `${file} cannot be read.`, { cause });
}
