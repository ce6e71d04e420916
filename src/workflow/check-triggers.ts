/**
 * What can be wrong with triggers beyond their shape: times that never come, names that two of them
 * have, expressions that do not parse or read what there is not when nothing runs yet.
 */
import type { WorkflowDefinition } from "./definition.ts";
import { compileExpression } from "./expression/compile.ts";
import { type Expression, ExpressionSyntaxError, type Template } from "./expression/expression.ts";
import { checkTemplate, compileTemplate } from "./expression/template.ts";
import type { Pointer, Report } from "./problem.ts";
import { ScheduleFault, scheduleTimes } from "./schedule-times.ts";
import {
  type HookSignature,
  namedTriggers,
  type ScheduleTrigger,
  TRIGGER_KINDS,
  type Trigger,
  type WebhookTrigger,
} from "./trigger-definition.ts";

/** Names that expressions of a trigger see. */
const ROOTS = ["trigger", "workflow"];

export function checkTriggers(definition: WorkflowDefinition, report: Report): void {
  const triggers = definition.triggers ?? [];
  for (const [index, trigger] of triggers.entries())
    checkTrigger(trigger, ["triggers", index], report);
  checkIds(triggers, report);
}

function checkIds(triggers: readonly Trigger[], report: Report): void {
  const names = namedTriggers(triggers).map(({ id }) => id);
  const places = triggers.flatMap((trigger, index) =>
    TRIGGER_KINDS.filter((kind) => trigger[kind] !== undefined).map((kind) => ({ index, kind })),
  );
  for (const [at, { index, kind }] of places.entries()) {
    const id = names[at] ?? "";
    if (names.indexOf(id) === at) continue;
    const isGiven = triggers[index]?.[kind]?.id !== undefined;
    report({
      code: "duplicate_id",
      message: `Two triggers are named \`${id}\`.`,
      pointer: ["triggers", index, kind, ...(isGiven ? ["id"] : [])],
      suggestion: "Give each an `id` of its own.",
    });
  }
}

function checkTrigger(trigger: Trigger, pointer: Pointer, report: Report): void {
  const kinds = TRIGGER_KINDS.filter((kind) => trigger[kind] !== undefined);
  if (kinds.length !== 1)
    report({
      code: "invalid_shape",
      message: "A trigger is one of `schedule`, `event` and `webhook`.",
      pointer,
      suggestion: kinds.length === 0 ? null : "Write each as an item of its own.",
    });
  const { schedule, event, webhook } = trigger;
  if (schedule !== undefined) checkSchedule(schedule, [...pointer, "schedule"], report);
  if (event !== undefined) {
    checkInput(event.input, [...pointer, "event", "input"], report);
    checkBare(event.filter, [...pointer, "event", "filter"], report);
  }
  if (webhook !== undefined) checkWebhook(webhook, [...pointer, "webhook"], report);
}

/** Of one schedule, whoever has written it. */
export function checkSchedule(schedule: ScheduleTrigger, at: Pointer, report: Report): void {
  checkInput(schedule.input, [...at, "input"], report);
  try {
    scheduleTimes(schedule);
  } catch (error) {
    if (!(error instanceof ScheduleFault)) throw error;
    const { field, message, suggestion } = error;
    const pointer = schedule[field] === undefined ? at : [...at, field];
    report({ code: "invalid_schedule", message, pointer, suggestion });
  }
}

function checkWebhook(webhook: WebhookTrigger, at: Pointer, report: Report): void {
  checkInput(webhook.input, [...at, "input"], report);
  checkBare(webhook.idempotencyKey, [...at, "idempotencyKey"], report);
  const { signature } = webhook;
  const refuse = (field: keyof HookSignature, message: string) =>
    report({
      code: "field_not_allowed",
      message,
      pointer: [...at, "signature", field],
      atKey: true,
    });
  if (signature?.scheme === "standard")
    for (const field of ["header", "prefix", "encoding", "timestampHeader"] as const)
      if (signature[field] !== undefined)
        refuse(field, `\`${field}\` is of scheme hmac-sha256; Standard Webhooks fix it.`);
  if (signature?.tolerance !== undefined && !isTimed(signature))
    refuse("tolerance", "`tolerance` needs a timestamp: set `timestampHeader`.");
}

function isTimed({ scheme, timestampHeader }: HookSignature): boolean {
  return scheme === "standard" || timestampHeader !== undefined;
}

function checkInput(value: unknown, pointer: Pointer, report: Report): void {
  if (value === undefined) return;
  const faults = checkTemplate(value);
  for (const { pointer: inner, error } of faults)
    reportSyntax(error, [...pointer, ...keysOf(inner)], report);
  if (faults.length === 0) checkNames(compileTemplate(value), pointer, report);
}

function checkBare(source: string | undefined, pointer: Pointer, report: Report): void {
  if (source === undefined) return;
  try {
    checkNames(compileExpression(source), pointer, report);
  } catch (error) {
    if (!(error instanceof ExpressionSyntaxError)) throw error;
    reportSyntax(error, pointer, report);
  }
}

function checkNames({ reads }: Expression | Template, pointer: Pointer, report: Report): void {
  for (const root of reads.roots)
    if (!ROOTS.includes(root))
      report({
        code: "unknown_name",
        message: `\`${root}\` is not there when a trigger fires; expressions of a trigger see \`trigger\` and \`workflow\`.`,
        pointer,
        suggestion: null,
      });
}

function reportSyntax(error: ExpressionSyntaxError, pointer: Pointer, report: Report): void {
  const { message, offset, suggestion } = error;
  report({
    code: "invalid_expression",
    message: `The expression does not parse: ${message}.`,
    ...{ pointer, offset, suggestion },
  });
}

/** The keys of a JSON pointer. */
function keysOf(pointer: string): (string | number)[] {
  return pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
}
