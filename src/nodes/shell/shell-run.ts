/**
 * `shell.run` starts a program of the host, where the operator allows it (`shell.commands`).
 *
 * S1. There is no shell: the arguments are a list, and each reaches the program as it is.
 * S2. A program starts below the operator's file folder, with the environment variables that the
 *     operator lists and no others: neither secrets of the host nor its PATH, unless listed.
 * S3. It is the leader of a process group. At abort, timeout or too much output the whole group
 *     gets SIGTERM and, KILL_AFTER_MS later, SIGKILL; what it started does not outlive it.
 */
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { defineNode, type NodeContext, type ShellRules } from "../define-node.ts";
import { existingPath, fileRoot, RelativePath } from "../file/allowed-path.ts";
import { type ProgramEnd, runProgram } from "./run-program.ts";

const SHOWN_OUTPUT_MAX = 2_000;

const Config = z.strictObject({
  command: z.string().min(1).max(4096).describe("Program, as the operator's list names it"),
  arguments: z
    .array(z.union([z.string(), z.number()]))
    .max(10_000)
    .default([])
    .describe("Its arguments, one by one; no shell reads them"),
  cwd: RelativePath.default("").describe("Folder to start in, below the operator's file folder"),
  environment: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is not a variable's name"), z.string())
    .default({})
    .describe("Environment variables; only names that the operator lists"),
  stdin: z
    .string()
    .max(10 * 1024 * 1024)
    .default("")
    .describe("Text for its standard input"),
  timeoutMs: z
    .int()
    .min(1)
    .max(86_400_000)
    .optional()
    .describe("Time to run; default and upper bound: the operator's"),
  okExitCodes: z
    .array(z.int().min(0).max(255))
    .min(1)
    .default([0])
    .describe("Exit codes that are no failure"),
});

type Config = z.output<typeof Config>;

export const shellRun = defineNode({
  type: "shell.run",
  title: "Run a program",
  description:
    "Starts a program that the operator allows, with a list of arguments and without a shell.",
  category: "io",
  icon: "terminal",
  pure: false,
  config: Config,
  output: z.strictObject({
    exitCode: z.int().describe("Its exit code, one of okExitCodes"),
    stdout: z.string().describe("Standard output as UTF-8 text"),
    stderr: z.string().describe("Standard error as UTF-8 text"),
    durationMs: z.int().describe("How long it ran"),
  }),
  errors: [
    "command_denied",
    "command_failed",
    "file_denied",
    "file_failed",
    "file_not_found",
    "timeout",
  ],
  examples: [
    {
      title: "Arguments reach the program as they are",
      with: { command: "echo", arguments: ["$HOME; rm -r /", "*"] },
      output: { exitCode: 0, stdout: "$HOME; rm -r / *\n", stderr: "" },
    },
    {
      title: "A program that the operator does not list",
      with: { command: "rm", arguments: ["-r", "/"] },
      error: "command_denied",
    },
  ],
  run: startProgram,
});

async function startProgram(config: Config, context: NodeContext) {
  const rules = context.services.shell;
  allowCommand(config.command, rules);
  refuseNul(config);
  const cwd = await existingPath(await fileRoot(context), config.cwd);
  const timeoutMs = Math.min(config.timeoutMs ?? rules.timeoutMs, rules.timeoutMs);
  const startedAtMs = performance.now();
  const end = await runProgram(
    {
      command: config.command,
      arguments: config.arguments.map(String),
      cwd,
      environment: environmentOf(config, rules),
      stdin: config.stdin,
      outputBytesMax: rules.outputBytesMax,
      timeoutMs,
    },
    context.signal,
  );
  const durationMs = Math.round(performance.now() - startedAtMs);
  return { ...outputOf(end, config, { ...rules, timeoutMs }), durationMs };
}

function allowCommand(command: string, rules: ShellRules | undefined): asserts rules is ShellRules {
  const denied = (why: string) =>
    new NodeError("command_denied", `command: ${JSON.stringify(command.slice(0, 200))} ${why}.`, {
      details: { command: command.slice(0, 200) },
    });
  if (rules === undefined || rules.commands.length === 0)
    throw denied("cannot be started: shell.run is off (the operator's setting shell.commands)");
  if (!rules.commands.includes("*") && !rules.commands.includes(command))
    throw denied("is not on the operator's list shell.commands");
  if (command.includes("/") && !command.startsWith("/"))
    throw denied("must be a name or an absolute path");
}

function refuseNul({ command, arguments: list, environment }: Config): void {
  const texts = [command, ...list.map(String), ...Object.values(environment)];
  if (texts.some((text) => text.includes("\0")))
    throw new NodeError("config_invalid", "arguments: must not hold NUL characters.", {
      details: { field: "arguments" },
    });
}

function environmentOf(
  { environment }: Config,
  rules: ShellRules,
): Readonly<Record<string, string>> {
  const made: Record<string, string> = {};
  for (const name of rules.environment) {
    const value = process.env[name];
    if (value !== undefined) made[name] = value;
  }
  for (const [name, value] of Object.entries(environment)) {
    if (!rules.environment.includes(name))
      throw new NodeError(
        "command_denied",
        `environment.${name}: is not on the operator's list shell.environment.`,
        { details: { variable: name } },
      );
    made[name] = value;
  }
  return made;
}

function outputOf(
  end: ProgramEnd,
  { command, okExitCodes }: Config,
  { timeoutMs, outputBytesMax }: { readonly timeoutMs: number; readonly outputBytesMax: number },
): { exitCode: number; stdout: string; stderr: string } {
  const { stdout, stderr } = end;
  if (end.stoppedBy === "timeout")
    throw new NodeError("timeout", `${command} ran longer than ${timeoutMs} ms.`, {
      retryable: true,
      details: { stderr: stderr.slice(-SHOWN_OUTPUT_MAX) },
    });
  if (end.stoppedBy === "output")
    throw new NodeError(
      "limit_exceeded",
      `${command} wrote more than ${outputBytesMax} bytes (shell.outputBytesMax).`,
      { details: { limit: "outputBytes", max: outputBytesMax } },
    );
  const { exitCode, signal } = end;
  if (exitCode !== null && okExitCodes.includes(exitCode)) return { exitCode, stdout, stderr };
  const how = exitCode === null ? `was ended by ${signal}` : `ended with code ${exitCode}`;
  throw new NodeError("command_failed", `${command} ${how}.`, {
    details: {
      ...{ exitCode, signal },
      ...{ stdout: stdout.slice(-SHOWN_OUTPUT_MAX), stderr: stderr.slice(-SHOWN_OUTPUT_MAX) },
    },
  });
}
