/** `lockstitch backup FILE`: copies the store, in use or not, checked and fsynced. */
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
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
        await clearChecksum(file);
        const facts = await engine.care.backup(LOCAL_CONTEXT, file);
        await writeChecksum(file, facts.sha256);
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

function fileOf(target: string): string {
  if (statSync(target, { throwIfNoEntry: false })?.isDirectory() !== true) return target;
  const instant = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return join(target, `lockstitch-${instant}.db`);
}
