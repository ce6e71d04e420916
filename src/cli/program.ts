/**
 * The command tree and what all commands share: global options, exit codes, one way to report a
 * failure. Each command is a file in commands/.
 */

import { Command, CommanderError } from "commander";
import { LockstitchError } from "#errors/errors.ts";
import { visible } from "#errors/visible-text.ts";
import type { Cli, CommandBody } from "./command-action.ts";
import { addApprovalCommands } from "./commands/approvals.ts";
import { addBackupCommand } from "./commands/backup.ts";
import { addConnectionsCommand } from "./commands/connections.ts";
import { addConvertCommand } from "./commands/convert.ts";
import { addDatabaseCommands } from "./commands/database.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addEventCommands } from "./commands/events.ts";
import { addGraphCommand } from "./commands/graph.ts";
import { addMemoCommands } from "./commands/memo.ts";
import { addNodesCommand } from "./commands/nodes.ts";
import { addPlanCommand } from "./commands/plan.ts";
import { addPluginCommands } from "./commands/plugin.ts";
import { addQuotasCommand } from "./commands/quotas.ts";
import { addReleaseCommand } from "./commands/release.ts";
import { addRestoreCommand } from "./commands/restore.ts";
import { addRunCommand } from "./commands/run.ts";
import { addRunsCommands } from "./commands/runs.ts";
import { addScheduleCommands } from "./commands/schedules.ts";
import { addSchemaCommand } from "./commands/schema.ts";
import { addStartCommand } from "./commands/start.ts";
import { addStateCommands } from "./commands/state.ts";
import { addStepCommands } from "./commands/step.ts";
import { addValidateCommand } from "./commands/validate.ts";
import { addWorkflowsCommands } from "./commands/workflows.ts";
import { EXIT, exitCodeHelp, exitCodeOf } from "./exit-codes.ts";
import type { Machine } from "./machine.ts";
import { openSession, type Session } from "./session.ts";

/** The whole tree, not yet run. `finished` receives the exit code of the command that ran. */
export function createProgram(machine: Machine, finished: (code: number) => void): Command {
  const program = new Command("lockstitch")
    .description("Durable workflows: a file that survives anything.")
    .version(machine.version, "-v, --version", "print the version")
    .option("--data <dir>", "data directory (LOCKSTITCH_DATA; default .lockstitch)")
    .option("--database <url>", "PostgreSQL database instead of a file (LOCKSTITCH_DATABASE_URL)")
    .option("--redis <url>", "Redis server beside the database (LOCKSTITCH_REDIS_URL)")
    .option("--config <file>", "configuration file (default lockstitch.config.* here)")
    .option("--file-root <dir>", "folder of file nodes (default: files in the data directory)")
    .option(
      "--plugin <from>",
      "folder or package with a plugin, besides those of the configuration; can be repeated",
      (from: string, others: readonly string[] = []) => [...others, from],
    )
    .option("--json", "print one JSON document for machines on standard output")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .addHelpText("after", `\n${exitCodeHelp()}`);
  const cli = createCli(machine, finished);
  addRunCommand(program, cli);
  addValidateCommand(program, cli);
  addSchemaCommand(program, cli);
  addGraphCommand(program, cli);
  addConvertCommand(program, cli);
  addPlanCommand(program, cli);
  addNodesCommand(program, cli);
  addPluginCommands(program, cli);
  addStartCommand(program, cli);
  addRunsCommands(program, cli);
  addStepCommands(program, cli);
  addApprovalCommands(program, cli);
  addWorkflowsCommands(program, cli);
  addBackupCommand(program, cli);
  addRestoreCommand(program, cli);
  addReleaseCommand(program, cli);
  addMemoCommands(program, cli);
  addQuotasCommand(program, cli);
  addStateCommands(program, cli);
  addScheduleCommands(program, cli);
  addEventCommands(program, cli);
  addConnectionsCommand(program, cli);
  addDatabaseCommands(program, cli);
  addDoctorCommand(program, cli);
  forEachCommand(program, (command) => {
    const name = fullName(command);
    command
      .showHelpAfterError(`See \`${name} --help\`.`)
      .exitOverride()
      .configureOutput({
        writeOut: (text) => machine.stdout.write(text),
        writeErr: (text) => machine.stderr.write(text),
      });
  });
  return program;
}

/** Runs the command line `argv` (without node and script) and answers the exit code. */
export async function runProgram(machine: Machine, argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok.code;
  const program = createProgram(machine, (reached) => {
    code = reached;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.ok.code;
    if (asksForJson(argv)) printUsageError(machine, error);
    return EXIT.usage.code;
  }
  return code;
}

/** Asked of the arguments themselves: those that could not be understood have no options yet. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end === -1 ? argv : argv.slice(0, end)).includes("--json");
}

/** commander has said it on standard error; machines get their one document as well. */
function printUsageError(machine: Machine, error: CommanderError): void {
  const message =
    error.code === "commander.help"
      ? "A command is missing: see lockstitch --help."
      : error.message.replace(/^error: /, "");
  const document = { error: { code: "request_invalid", message, details: {} } };
  machine.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

/** `lockstitch runs list`. */
function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

/** Visits `command` and all below it. */
export function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const inner of command.commands) forEachCommand(inner, visit);
}

function createCli(machine: Machine, finished: (code: number) => void): Cli {
  return {
    action<Args extends readonly unknown[], Options>(body: CommandBody<Args, Options>) {
      return async (...given: unknown[]) => {
        const command = given.at(-1) as Command;
        const options = given.at(-2) as Options;
        const session = openSession(machine, command);
        try {
          finished(await body(session, given.slice(0, -2) as unknown as Args, options));
        } catch (error) {
          report(error, session);
          finished(exitCodeOf(error));
        } finally {
          await session.close();
        }
      };
    },
  };
}

/** One failure, for people on standard error and for machines as the one document. */
function report(error: unknown, { output }: Pick<Session, "output">): void {
  const red = output.noteColors.red;
  if (error instanceof LockstitchError) {
    output.note(`${red("error")} ${visible(error.message)}`);
    if (output.isJson)
      output.printJson({
        error: { code: error.code, message: error.message, details: error.details },
      });
    return;
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  output.note(`${red("error")} a fault inside Lockstitch; please report it:\n${visible(message)}`);
  if (output.isJson)
    output.printJson({
      error: { code: "internal", message: "a fault inside Lockstitch", details: {} },
    });
}
