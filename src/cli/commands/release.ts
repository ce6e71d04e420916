/** `lockstitch release`: lets a restored store run, or shows what it would do again. */
import type { Command } from "commander";
import { holdToJson } from "#client/wire/store.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../command-action.ts";
import { doubtLines } from "../doubts.ts";
import { EXIT } from "../exit-codes.ts";

export function addReleaseCommand(program: Command, cli: Cli): void {
  program
    .command("release")
    .description("let a restored store, which starts paused, run")
    .option("--show", "only say what is in doubt")
    .action(
      cli.action<[], { show?: boolean }>(async (session, _args, { show }) => {
        const { output } = session;
        const { engine } = await session.access();
        const hold = await engine.care.hold(LOCAL_CONTEXT);
        for (const line of doubtLines(hold)) output.printText(line);
        if (show !== true && hold !== null) {
          await engine.care.release(LOCAL_CONTEXT);
          output.printText("Released: its runs go on.");
        }
        const isHeld = show === true && hold !== null;
        if (output.isJson) output.printJson({ ...holdToJson(hold), held: isHeld });
        return EXIT.ok.code;
      }),
    );
}
