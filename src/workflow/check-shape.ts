/**
 * Whether a value has the shape of a definition, and a repaired definition where it has not: what
 * is wrong is left out or replaced by something harmless, in place, so that every further check
 * can run and its pointers still fit the original.
 */
import type { z } from "zod";
import { findingsOf } from "./check-issues.ts";
import { Step, WorkflowDefinition } from "./definition.ts";
import type { Pointer, Report } from "./problem.ts";
import { valueAt } from "./source.ts";

/** Rounds of repair: taking something out can leave its owner incomplete. */
const ROUNDS_MAX = 8;
const STEP_LISTS = ["steps", "then", "else", "finally", "compensate"];
const UNKNOWN = "?";

/**
 * The definition that `value` is. Reports what is wrong with it and gives a repaired one then, or
 * null where nothing can be made of it.
 */
export function checkShape(value: unknown, report: Report): WorkflowDefinition | null {
  const parsed = WorkflowDefinition.safeParse(value);
  if (parsed.success) return value as WorkflowDefinition;
  for (const issue of parsed.error.issues) {
    const whole = issue.path as Pointer;
    const pointer = stepAround(whole);
    const local = { ...issue, path: whole.slice(pointer.length) } as z.core.$ZodIssue;
    const owner = valueAt(value, pointer);
    const id = valueAt(owner, ["id"]);
    const context = {
      schema: pointer.length === 0 ? WorkflowDefinition : Step,
      value: owner,
      pointer,
      code: "invalid_shape",
      subject: pointer.length === 0 ? "The workflow" : nameOf(id),
    } as const;
    for (const finding of findingsOf(local, context)) report(finding);
  }
  return repair(value, parsed.error.issues);
}

function nameOf(id: unknown): string {
  return typeof id === "string" ? `Step \`${id}\`` : "The step";
}

/** The part of `path` that leads to the innermost step; empty where none is around. */
function stepAround(path: Pointer): Pointer {
  for (let end = path.length; end >= 2; end -= 1)
    if (typeof path[end - 1] === "number" && STEP_LISTS.includes(String(path[end - 2])))
      return path.slice(0, end);
  return [];
}

function repair(value: unknown, issues: readonly z.core.$ZodIssue[]): WorkflowDefinition | null {
  const copy = copyOf(value);
  if (typeof copy !== "object" || copy === null || Array.isArray(copy)) return null;
  let left = issues;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    for (const issue of left) repairIssue(copy, issue);
    const parsed = WorkflowDefinition.safeParse(copy);
    if (parsed.success) return copy as WorkflowDefinition;
    left = parsed.error.issues;
  }
  return null;
}

function repairIssue(copy: object, issue: z.core.$ZodIssue): void {
  const path = issue.path as Pointer;
  if (issue.code !== "unrecognized_keys") {
    replace(copy, path);
    return;
  }
  const owner = valueAt(copy, path) as Record<string, unknown> | undefined;
  if (owner !== undefined) for (const key of issue.keys) delete owner[key];
}

/** Puts something harmless at `path`, or takes it out, or its owner when that cannot be without it. */
function replace(copy: object, path: Pointer): void {
  const key = path.at(-1);
  const owner = valueAt(copy, path.slice(0, -1)) as Record<string | number, unknown> | undefined;
  if (key === undefined || typeof owner !== "object" || owner === null) return;
  if (Array.isArray(owner)) {
    const list = String(path.at(-2));
    if (STEP_LISTS.includes(list)) owner[Number(key)] = { id: `${UNKNOWN}${key}`, uses: UNKNOWN };
    else if (list === "catch") owner[Number(key)] = {};
    else replace(copy, path.slice(0, -1));
    return;
  }
  const fallback = fallbackFor(key, path);
  if (fallback !== undefined) owner[key] = fallback;
  else if (owner[key] === undefined) replace(copy, path.slice(0, -1));
  else delete owner[key];
}

function fallbackFor(key: string | number, path: Pointer): unknown {
  if (path.length === 1) return { language: 1, name: "unnamed", steps: [] }[String(key)];
  if (typeof path.at(-2) !== "number" || !STEP_LISTS.includes(String(path.at(-3))))
    return undefined;
  return { id: `${UNKNOWN}${path.at(-2)}`, uses: UNKNOWN }[String(key)];
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, copyOf(field)]));
}
