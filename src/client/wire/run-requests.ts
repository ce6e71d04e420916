/**
 * What callers send about runs: bodies and queries, strict, so that a misspelt field is found.
 */
import { z } from "zod";
import { queryNumber } from "./query-number.ts";
import { Labels, RunStatusJson } from "./run.ts";

const Id = z.string().min(1).max(200).meta({
  description: "Your own id of the run: the same id and body answers the run that exists.",
});

export const StartBody = z
  .strictObject({
    workflow: z.union([z.string().min(1), z.record(z.string(), z.unknown())]).meta({
      description: "A saved workflow's name, or a whole definition, which is saved first.",
    }),
    version: z.int().min(1).optional(),
    input: z.unknown().optional(),
    id: Id.optional(),
    labels: Labels.optional(),
    priority: z.int().min(0).max(10).optional(),
  })
  .meta({ id: "StartRun" });
export type StartBody = z.infer<typeof StartBody>;

const OnceOrMore = z.union([z.string(), z.array(z.string())]);

/** A query field given once or several times, or comma-separated. */
const Several = OnceOrMore.transform((value) =>
  typeof value === "string" ? value.split(",") : value,
);

/** Given once or several times: the value of a label may hold commas. */
const LabelFilter = OnceOrMore.transform((value) => [value].flat())
  .pipe(z.array(z.string().regex(/^[^=]+=/, "must look like name=value")))
  .optional();

export const ApprovalQuery = z.strictObject({
  runId: z.string().optional(),
  label: LabelFilter,
});

/** `name=value` pairs as an object. */
export function labelsOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

export const ListQuery = z.strictObject({
  status: Several.pipe(z.array(RunStatusJson)).optional(),
  workflow: z.string().optional(),
  label: LabelFilter,
  parentRunId: z.string().optional(),
  createdAfter: z.iso.datetime({ offset: true }).optional(),
  createdBefore: z.iso.datetime({ offset: true }).optional(),
  cursor: z.string().optional(),
  limit: queryNumber({ min: 1, max: 1_000 }).prefault(50),
});

export const EventsQuery = z.strictObject({
  after: queryNumber({ min: 0 }).prefault(0),
  limit: queryNumber({ min: 1, max: 1_000 }).prefault(100),
});

export const StreamQuery = z.strictObject({ after: queryNumber({ min: 0 }).optional() });

export const ReasonBody = z
  .strictObject({ reason: z.string().max(2000).optional() })
  .optional()
  .meta({ id: "Reason", description: "Journaled with who asked." });

export const LabelBody = z
  .strictObject({
    set: Labels.optional(),
    remove: z.array(z.string()).max(1_000).optional(),
    reason: z.string().max(2000).optional().meta({ description: "Journaled with who asked." }),
  })
  .meta({ id: "LabelRun", description: "Labels to set and to take away, both at once." });

export const RunBody = z
  .strictObject({
    priority: z.int().min(0).max(10).meta({
      description: "Higher first: of attempts that wait, and of steps to come.",
    }),
    reason: z.string().max(2000).optional().meta({ description: "Journaled with who asked." }),
  })
  .meta({ id: "ChangeRun" });

export const SignalBody = z
  .strictObject({
    name: z.string().min(1).max(200),
    key: z.string().max(1000).nullable().optional(),
    payload: z.unknown().optional(),
    id: z.string().min(1).max(200).optional().meta({
      description: "Applied once per run and id. Default: the Idempotency-Key, else made up.",
    }),
  })
  .meta({ id: "Signal" });

export const RerunBody = z
  .strictObject({
    input: z.unknown().optional(),
    reason: z.string().max(2000).optional(),
    id: Id.optional(),
  })
  .optional()
  .meta({ id: "Rerun", description: "Without `input` the old run's input is used again." });

const resolution = {
  reason: z.string().max(2000).optional().meta({ description: "Journaled with who asked." }),
  id: z.string().min(1).max(200).optional().meta({
    description: "Applied once per run and id. Default: the Idempotency-Key.",
  }),
};

export const ResolveBody = z.strictObject(resolution).optional().meta({ id: "ResolveStep" });

export const CompleteBody = z
  .strictObject({
    ...resolution,
    output: z.unknown().optional(),
    port: z.string().min(1).optional().meta({
      description: "Of a step with ports: the one it takes. Waits: `received` or `approved`.",
    }),
  })
  .optional()
  .meta({ id: "CompleteStep" });

export const FailBody = z
  .strictObject({ ...resolution, message: z.string().max(4000).optional() })
  .optional()
  .meta({ id: "FailStep" });

export const DecisionBody = z
  .strictObject({
    path: z.string().min(1).meta({ description: "Path of the waiting wait.approval step." }),
    comment: z.string().max(10_000).optional(),
    form: z.unknown().optional(),
  })
  .meta({ id: "Decision" });
