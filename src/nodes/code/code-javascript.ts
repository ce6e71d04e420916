/**
 * `code.javascript` runs a user's JavaScript in a sandbox (sandbox.ts): the language without any
 * I/O. The text is a function body that returns its result, or a module with a default export.
 */
import { availableParallelism } from "node:os";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { OUTPUT_SIZE_MAX } from "../attempt.ts";
import { defineNode, type SandboxCeilings } from "../define-node.ts";
import type { SandboxJob, SandboxResult } from "./sandbox.ts";
import { SandboxPool } from "./sandbox-pool.ts";

const MEBIBYTE = 1024 * 1024;

/** The sandbox threads of this process. */
export const sandboxPool: SandboxPool = new SandboxPool(Math.max(2, availableParallelism()));

export const codeJavascript = defineNode({
  type: "code.javascript",
  title: "JavaScript",
  description:
    "Runs JavaScript in a sandbox without I/O: a function body that sees `input` and returns the output, or a module whose default export is a function of it.",
  category: "code",
  icon: "code",
  pure: false,
  config: z.strictObject({
    code: z
      .string()
      .min(1)
      .max(256 * 1024)
      .meta({ description: "The body of a function of `input`, or a module" }),
    input: z
      .unknown()
      .optional()
      .meta({ description: "What the code sees as `input`; null without one" }),
    cpuMs: z.int().min(1).max(10_000).default(1000).meta({ description: "CPU time in ms" }),
    memoryBytes: z
      .int()
      .min(MEBIBYTE)
      .max(256 * MEBIBYTE)
      .default(64 * MEBIBYTE)
      .meta({ description: "Memory of the sandbox, in bytes" }),
  }),
  output: z.unknown(),
  errors: ["code_failed"],
  examples: [
    {
      title: "Code that throws",
      with: { code: "throw new Error('no stock');" },
      error: "code_failed",
    },
    {
      title: "Code that does not end",
      with: { code: "for (;;);", cpuMs: 50 },
      error: "limit_exceeded",
    },
    {
      title: "A function body",
      with: {
        code: "const total = input.reduce((sum, n) => sum + n, 0);\nreturn { total };",
        input: [1, 2],
      },
      output: { total: 3 },
    },
    {
      title: "A module",
      with: {
        code: "const double = (n) => n * 2;\nexport default (input) => input.map(double);\n",
        input: [1, 2],
      },
      output: [2, 4],
    },
  ],
  async run({ code, input, cpuMs, memoryBytes }, context) {
    const { signal, services, tenant, workflow, sandboxUsed } = context;
    const ceilings = services.sandbox?.(tenant, workflow) ?? NO_CEILINGS;
    const job: SandboxJob = {
      code,
      inputJson: JSON.stringify(input ?? null),
      cpuMsMax: Math.min(cpuMs, ceilings.cpuMsMax),
      memoryBytesMax: Math.min(memoryBytes, ceilings.memoryBytesMax),
      outputLengthMax: OUTPUT_SIZE_MAX,
    };
    const result = await sandboxPool.run(job, signal, sandboxUsed);
    return outputOf(result, job, {
      cpuMs: job.cpuMsMax < cpuMs,
      memoryBytes: job.memoryBytesMax < memoryBytes,
    });
  },
});

const NO_CEILINGS: SandboxCeilings = {
  memoryBytesMax: Number.POSITIVE_INFINITY,
  cpuMsMax: Number.POSITIVE_INFINITY,
};

/** Which limits are the operator's, for being lower than the step's. */
type Lowered = Partial<Record<Extract<SandboxResult, { kind: "limit" }>["limit"], boolean>>;

function outputOf(result: SandboxResult, job: SandboxJob, lowered: Lowered): unknown {
  switch (result.kind) {
    case "done":
      return JSON.parse(result.outputJson) as unknown;
    case "threw":
      throw new NodeError(
        "code_failed",
        result.line === null ? result.message : `${result.message} (line ${result.line})`,
        { details: result.line === null ? {} : { line: result.line } },
      );
    case "limit":
      throw overLimit(result.limit, job, lowered);
  }
}

function overLimit(
  limit: Extract<SandboxResult, { kind: "limit" }>["limit"],
  job: SandboxJob,
  lowered: Lowered,
): NodeError {
  const message = {
    cpuMs: `The code used more than ${job.cpuMsMax} ms of CPU time.`,
    memoryBytes: `The code used more than ${job.memoryBytesMax} bytes of memory.`,
    outputLength: `The code's result is larger than ${job.outputLengthMax} characters of JSON.`,
    stack: "The code's calls are nested too deeply.",
  }[limit];
  const whose = lowered[limit] === true ? " That is the operator's ceiling (quotas)." : "";
  return new NodeError("limit_exceeded", `${message}${whose}`, { details: { limit } });
}
