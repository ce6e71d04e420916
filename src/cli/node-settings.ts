/** The rows of the settings' table for single node types: what shell.run may do. */
import { z } from "zod";
import type { ShellRules } from "#nodes/define-node.ts";

const Count = z.int().min(1);

export const NODE_SETTINGS = [
  {
    key: "shell.commands",
    env: "LOCKSTITCH_SHELL_COMMANDS",
    schema: z.array(z.string().min(1)),
    initial: [],
    example: "git",
    about:
      "programs that shell.run may start, by name or absolute path; `*`: any; empty: shell.run is off",
  },
  {
    key: "shell.environment",
    env: "LOCKSTITCH_SHELL_ENVIRONMENT",
    schema: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is not a variable's name")),
    initial: [],
    example: "PATH",
    about: "environment variables that such programs get from the host or from the step",
  },
  {
    key: "shell.outputBytesMax",
    env: "LOCKSTITCH_SHELL_OUTPUT_BYTES_MAX",
    schema: Count.max(10 * 1024 * 1024),
    initial: 1024 * 1024,
    example: "1048576",
    about: "what such a program may write, both outputs together, in bytes",
  },
  {
    key: "shell.timeoutMs",
    env: "LOCKSTITCH_SHELL_TIMEOUT_MS",
    schema: Count,
    initial: 60_000,
    example: "60000",
    about: "time that such a program may run, in milliseconds",
  },
] as const;

/** Of the table's values by key. */
export function shellRulesOf(
  value: <T>(key: (typeof NODE_SETTINGS)[number]["key"]) => T,
): ShellRules {
  return {
    commands: value("shell.commands"),
    environment: value("shell.environment"),
    outputBytesMax: value("shell.outputBytesMax"),
    timeoutMs: value("shell.timeoutMs"),
  };
}
