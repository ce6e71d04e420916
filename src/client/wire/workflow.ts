/** Workflows, node types, approvals and the engine itself over HTTP: schemas and both directions. */
import { z } from "zod";
import type { ApprovalView } from "#engine/engine.ts";
import type { WorkflowVersion } from "#ports/catalogue.ts";
import { Instant, isoOf, isoOrNull, msOf, msOrNull } from "./instants.ts";

export const WorkflowVersionJson = z
  .object({
    name: z.string(),
    version: z.int(),
    hash: z.string().meta({ description: "SHA-256 of the canonical definition (RFC 8785), hex." }),
    createdAt: Instant,
  })
  .meta({ id: "WorkflowVersion" });
export type WorkflowVersionJson = z.infer<typeof WorkflowVersionJson>;

export const WorkflowJson = z
  .object({
    name: z.string(),
    version: z.int(),
    hash: z.string(),
    createdAt: Instant,
    definition: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "Workflow" });

export const WorkflowListJson = z
  .object({ items: z.array(WorkflowVersionJson), cursor: z.string().nullable() })
  .meta({ id: "WorkflowList" });

export const WorkflowVersionsJson = z
  .object({ items: z.array(WorkflowVersionJson) })
  .meta({ id: "WorkflowVersions", description: "Newest first." });

export const WorkflowDependenciesJson = z
  .object({
    workflows: z
      .array(
        z.object({
          name: z.string(),
          version: z.int().nullable(),
          calls: z.array(
            z.object({
              path: z.string().meta({ description: "The `workflow.run` step." }),
              workflow: z.string().nullable().meta({ description: "null: an expression says it." }),
              version: z.int().nullable().meta({ description: "What the call means now." }),
              binding: z.enum(["fixed", "pinned", "latest", "computed"]),
              isMissing: z.boolean(),
            }),
          ),
        }),
      )
      .meta({ description: "The workflow first, then what it runs, then what those run." }),
    missing: z.array(
      z.object({ workflow: z.string(), version: z.int().nullable(), neededBy: z.string() }),
    ),
    cycles: z.array(
      z.object({
        path: z.array(z.string()),
        isCertain: z.boolean().meta({ description: "false: a condition may end it." }),
      }),
    ),
    pins: z
      .record(z.string(), z.int())
      .meta({ description: "Versions that a run started now would pin." }),
    isCut: z.boolean().meta({ description: "There are too many to show them all." }),
  })
  .meta({ id: "WorkflowDependencies" });

export const DefinitionProblemJson = z
  .object({
    code: z.string(),
    message: z.string(),
    file: z.string().nullable(),
    line: z.int().nullable(),
    column: z.int().nullable(),
    pointer: z.string().meta({ description: "JSON pointer (RFC 6901) into the definition." }),
    suggestion: z.string().nullable(),
  })
  .meta({ id: "DefinitionProblem", description: "What is wrong with a definition, and where." });

export const ValidationJson = z
  .object({
    valid: z.boolean(),
    name: z.string().nullable(),
    hash: z.string().nullable(),
    problems: z.array(DefinitionProblemJson),
  })
  .meta({ id: "Validation" });

export const NodeTypeJson = z
  .object({
    type: z.string(),
    title: z.string(),
    description: z.string(),
    category: z.string(),
    execution: z.enum(["pure", "effect"]),
    config: z.record(z.string(), z.unknown()).meta({ description: "JSON Schema of `with`." }),
    output: z.record(z.string(), z.unknown()).meta({ description: "JSON Schema of the output." }),
  })
  .meta({ id: "NodeType" });

export const NodeTypeListJson = z
  .object({ items: z.array(NodeTypeJson) })
  .meta({ id: "NodeTypeList" });

export const ApprovalJson = z
  .object({
    runId: z.string(),
    workflow: z.string(),
    path: z.string(),
    title: z.string(),
    description: z.string().nullable(),
    form: z.unknown(),
    assignees: z.array(z.string()),
    since: Instant,
    expiresAt: Instant.nullable(),
  })
  .meta({ id: "Approval", description: "A wait.approval that nobody has decided yet." });
export type ApprovalJson = z.infer<typeof ApprovalJson>;

export const ApprovalListJson = z
  .object({ items: z.array(ApprovalJson) })
  .meta({ id: "ApprovalList" });

export const EngineJson = z
  .object({
    openRuns: z.int(),
    runningAttempts: z.int(),
    queuedAttempts: z.int(),
    attemptLimit: z
      .object({
        now: z.int(),
        max: z.int(),
        reason: z.enum(["latency", "loop_delay"]).nullable(),
      })
      .meta({ description: "Attempts that may run at once, and why fewer than configured." }),
    bulkheads: z
      .array(z.object({ name: z.string(), limit: z.int(), running: z.int(), waiting: z.int() }))
      .optional()
      .meta({ description: "Limits of the operator by node type, and what waits behind them." }),
    admission: z
      .object({
        waiting: z.record(
          z.enum([
            "slot",
            "concurrency",
            "bulkhead",
            "quota",
            "rate_limit",
            "circuit_breaker",
            "quarantine",
          ]),
          z.int(),
        ),
        held: z.record(z.enum(["slot", "concurrency", "bulkhead", "quota"]), z.int()),
        breakers: z.object({ open: z.int(), probing: z.int() }),
        quotas: z.record(z.enum(["refused", "usedUp"]), z.record(z.string(), z.int())),
      })
      .meta({ description: "Attempts that wait for and hold each kind of gate." }),
    memo: z
      .object({ hits: z.int(), misses: z.int() })
      .meta({ description: "Attempts that a remembered result stood for, and that were made." }),
    values: z
      .object({
        operations: z.int(),
        conflicts: z.int(),
        cacheHits: z.int(),
        cacheMisses: z.int(),
      })
      .meta({
        description:
          "Uses of shared values, turns decided again for another's change, uses of `state.cache`.",
      }),
    commits: z.int(),
    turns: z.int(),
    events: z.int(),
    continuedRuns: z.int(),
    recovering: z.boolean(),
    storeAway: z
      .string()
      .nullish()
      .meta({ description: "Why the store keeps nothing, while commits are tried again." }),
    upkeep: z
      .object({
        removedRuns: z.int(),
        archivedRuns: z.int(),
        sweptBlobs: z.int(),
        sweptBytes: z.int(),
        isPurging: z.boolean(),
        isDiskLow: z.boolean(),
        isHeld: z.boolean(),
      })
      .optional()
      .meta({ description: "What housekeeping has done since the server started." }),
    hosts: z
      .object({
        withLease: z.int(),
        leaseLeftMs: z.number(),
        suspensions: z.int(),
        isSuspended: z.boolean(),
      })
      .optional()
      .meta({ description: "This host among those that share the database; absent without one." }),
    startedAt: Instant.meta({
      description: "When this server started; another one after a restart.",
    }),
    demo: z.boolean().meta({ description: "Whether the demo's endpoints exist." }),
  })
  .meta({ id: "EngineStats" });

export const SignalAnswerJson = z
  .object({ applied: z.boolean(), id: z.string() })
  .meta({ id: "SignalAnswer", description: "`applied` is false for an id seen before." });

export const ProblemJson = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    requestId: z.string().optional(),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "What was wrong with which field." }),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: "Problem", description: "RFC 9457; `code` is stable, see docs/errors.md." });
export type ProblemJson = z.infer<typeof ProblemJson>;

export function versionToJson(version: WorkflowVersion): WorkflowVersionJson {
  return {
    name: version.name,
    version: version.version,
    hash: version.hash,
    createdAt: isoOf(version.createdAtMs),
  };
}

export function versionFromJson(json: WorkflowVersionJson): WorkflowVersion {
  return {
    name: json.name,
    version: json.version,
    hash: json.hash,
    createdAtMs: msOf(json.createdAt),
  };
}

export function approvalToJson(approval: ApprovalView): ApprovalJson {
  const { sinceMs, expiresAtMs, assignees, ...rest } = approval;
  return {
    ...rest,
    form: rest.form ?? null,
    assignees: [...assignees],
    since: isoOf(sinceMs),
    expiresAt: isoOrNull(expiresAtMs),
  };
}

export function approvalFromJson(json: ApprovalJson): ApprovalView {
  const { since, expiresAt, ...rest } = json;
  return { ...rest, sinceMs: msOf(since), expiresAtMs: msOrNull(expiresAt) };
}
