/**
 * Zod's issues in the words of this language: the code of a problem, a message that names the
 * field and what stands there, a suggestion where one is near.
 */
import type { z } from "zod";
import { DURATION } from "./duration.ts";
import type { Finding, Pointer, ProblemCode } from "./problem.ts";
import { fieldsAt } from "./schema-shape.ts";
import { valueAt } from "./source.ts";
import { suggestName } from "./suggest.ts";

type Issue = z.core.$ZodIssue;

interface Context {
  readonly schema: z.ZodType;
  readonly value: unknown;
  /** Leads to the value. */
  readonly pointer: Pointer;
  /** What has the fields: "The workflow", "`with` of step `x` (http.request)". */
  readonly subject: string;
  /** The code of findings that have no more special one. */
  readonly code: ProblemCode;
}

/** The findings of one issue; an issue about unknown fields gives one for each. */
export function findingsOf(issue: Issue, context: Context): Finding[] {
  const path = issue.path.filter((key) => typeof key !== "symbol");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => unknownField(key, path, context));
  const pointer = [...context.pointer, ...path];
  const value = valueAt(context.value, path);
  const name = path.length === 0 ? context.subject : `\`${fieldName(path)}\``;
  if (isDuration(issue) && value !== undefined)
    return [
      {
        code: "invalid_duration",
        message: `${name} is not a duration: ${show(value)}.`,
        pointer,
        suggestion: "Write a number and a unit, such as 500ms, 30s, 2m, 6h, 3d or 1w.",
      },
    ];
  const where = path.length === 0 ? "" : ` of ${lowerFirst(context.subject)}`;
  const message =
    value === undefined && path.length > 0
      ? `${context.subject} lacks ${name}.`
      : `${name}${where} ${complaint(issue, value)}.`;
  return [{ code: context.code, message, pointer, suggestion: suggestionFor(issue, value) }];
}

function unknownField(key: string, path: Pointer, context: Context): Finding {
  const known = fieldsAt(context.schema, path);
  const where = path.length === 0 ? context.subject : `\`${fieldName(path)}\``;
  return {
    code: "unknown_field",
    message: `${where} has no field \`${key}\`.`,
    pointer: [...context.pointer, ...path, key],
    atKey: true,
    suggestion: suggestName(key, known),
  };
}

function fieldName(path: Pointer): string {
  return path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`))
    .join("")
    .replace(/^\./, "");
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** Whether the value should have been a duration: every duration field is the same union. */
function isDuration(issue: Issue): boolean {
  if (issue.code === "invalid_format") return issue.pattern === DURATION.toString();
  return issue.code === "invalid_union" && issue.errors.flat().some(isDuration);
}

function complaint(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${article(issue.expected)}, not ${show(value)}`;
    case "invalid_value":
      return `must be ${issue.values.map((one) => show(one)).join(" or ")}, not ${show(value)}`;
    case "invalid_union":
      return unionComplaint(issue, value);
    case "invalid_format":
      return issue.message.startsWith("Invalid")
        ? `does not fit ${issue.pattern ?? issue.format}: ${show(value)}`
        : issue.message;
    case "too_small":
      return `must be ${sizeOf(issue.origin)}at least ${issue.minimum}`;
    case "too_big":
      return `must be ${sizeOf(issue.origin)}at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

/** The alternative that got furthest says the most. */
function unionComplaint(issue: Issue & { code: "invalid_union" }, value: unknown): string {
  const depth = (errors: readonly Issue[]) => Math.max(0, ...errors.map(({ path }) => path.length));
  const best = issue.errors.toSorted((left, right) => depth(right) - depth(left))[0]?.[0];
  if (best === undefined || best.path.length === 0) {
    const kinds = issue.errors.flat().flatMap((one) => {
      if (one.code === "invalid_type") return [article(one.expected)];
      return one.code === "invalid_value" ? one.values.map((each) => show(each)) : [];
    });
    const choice = [...new Set(kinds)].join(" or ");
    return choice === "" ? `cannot be ${show(value)}` : `must be ${choice}, not ${show(value)}`;
  }
  const inner = best.path.filter((key) => typeof key !== "symbol");
  if (best.code === "unrecognized_keys")
    return `has an unknown field \`${fieldName([...inner, best.keys[0] ?? ""])}\``;
  return `is wrong at \`${fieldName(inner)}\`: it ${complaint(best, valueAt(value, inner))}`;
}

function sizeOf(origin: string): string {
  if (origin === "string") return "a text with a length of ";
  return origin === "array" ? "a list with a length of " : "";
}

function article(kind: string): string {
  const words: Record<string, string> = {
    array: "a list",
    object: "an object",
    record: "an object",
    int: "a whole number",
    string: "a text",
    boolean: "true or false",
  };
  return words[kind] ?? `a ${kind}`;
}

function suggestionFor(issue: Issue, value: unknown): string | null {
  if (issue.code === "invalid_value" && typeof value === "string")
    return suggestName(value, issue.values.map(String));
  if (issue.code === "invalid_type" && issue.expected === "string" && isScalar(value))
    return `Put it in quotes: "${value}".`;
  return null;
}

function isScalar(value: unknown): value is boolean | number {
  return typeof value === "boolean" || typeof value === "number";
}

/** A value in few characters. */
function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "function") return "a function";
  const text = JSON.stringify(value);
  return text.length <= 60 ? `\`${text}\`` : `\`${text.slice(0, 57)}...\``;
}
