/** `lockstitch backup FILE`: copies the store, in use or not, checked and fsynced. */
import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import type { Engine } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { BackupFacts } from "#ports/upkeep.ts";
import { clearChecksum, writeChecksum } from "../checksum-file.ts";
import type { Cli } from "../command-action.ts";
import { EXIT } from "../exit-codes.ts";
import { hintsFor } from "../hints.ts";

export function addBackupCommand(program: Command, cli: Cli): void {
  program
    .command("backup")
    .description("copy the store into a file, while it is in use or not")
    .argument("<file>", "a file that is not there yet, or a folder to make one in")
    .action(
      cli.action<[string], object>(async (session, [target]) => {
        const { output, machine } = session;
        const file = fileOf(resolve(machine.cwd, target));
        const { engine } = await session.access();
        const facts = await copied(engine, file).catch((error: unknown) => {
          throw unwritable(file, error);
        });
        if (output.isJson) output.printJson({ file, ...facts });
        output.printText(
          `${file}  ${facts.runs} run${facts.runs === 1 ? "" : "s"}, ${facts.openRuns} of them open, ${facts.bytes} bytes, checked`,
        );
        const hint = hintsFor(resolve(machine.cwd, "DIR"), machine.cwd);
        output.note(output.noteColors.dim(`Bring it back: ${hint("restore", file)}`));
        return EXIT.ok.code;
      }),
    );
}

async function copied(engine: Engine, file: string): Promise<BackupFacts> {
  await clearChecksum(file);
  const facts = await engine.care.backup(LOCAL_CONTEXT, file);
  await writeChecksum(file, facts.sha256);
  return facts;
}

/** What the file system refuses is no fault of ours; everything else stays what it is. */
function unwritable(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("errno" in error) || !("syscall" in error)) return error;
  return new LockstitchError(
    "store_unavailable",
    `${file} cannot be written: ${error.message}; check free space and permissions`,
    { cause: error },
  );
}

/** Throws not_found where there is no folder for it. */
function fileOf(target: string): string {
  if (!isFolder(target)) {
    const folder = dirname(target);
    if (isFolder(folder)) return target;
    throw new LockstitchError("not_found", `There is no folder ${folder}: make it first.`);
  }
  const instant = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return join(target, `lockstitch-${instant}.db`);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    // Something on the way to it is no folder, or may not be looked into.
    return false;
  }
}
