/**
 * The edges of one scope: which step waits for which, from the order of the list, from `needs` and
 * from what expressions read; and the faults that only the edges together show: self-edges and
 * cycles. All edges of a step end up in `in` and `out` in order of their sources.
 */
import { CONTROL_STEPS, ERROR_PORT } from "./control-steps.ts";
import type { Step } from "./definition.ts";
import type { PlanEdge, PlanScope, PlanStep } from "./plan.ts";
import type { Pointer, Report } from "./problem.ts";
import { suggestName } from "./suggest.ts";

/** Sources that a step's expressions read, each with whether every read accepts its failure. */
export type ImpliedSources = Map<number, boolean>;

/** One entry of `needs`, resolved. */
interface Need {
  readonly from: number;
  readonly port: string | null;
}

/** Adds a read of step `from`. */
export function addImplied(sources: ImpliedSources, from: number, acceptsFailure: boolean): void {
  sources.set(from, acceptsFailure && (sources.get(from) ?? true));
}

/** The ports of a step that `needs` may name, `error` included. */
export function portsOf(step: Step): readonly string[] {
  const control = CONTROL_STEPS.get(step.uses);
  return control === undefined ? [ERROR_PORT] : [...control.ports(step), ERROR_PORT];
}

/** Puts the edges of `step` into it and its sources. `pointer` leads to the step. */
export function connect(
  step: PlanStep,
  implied: ImpliedSources | undefined,
  pointer: Pointer,
  report: Report,
): void {
  const needs = needsOf(step, pointer, report);
  const explicit = new Set(needs.map((need) => need.from));
  const edges: PlanEdge[] = needs.map(({ from, port }) => ({
    from,
    to: step.index,
    port,
    implied: false,
    acceptsFailure: false,
  }));
  for (const [from, acceptsFailure] of implied ?? [])
    if (!explicit.has(from))
      edges.push({ from, to: step.index, port: null, implied: true, acceptsFailure });
  edges.sort((left, right) => left.from - right.from);
  for (const edge of edges) {
    const source = step.scope.steps[edge.from];
    if (source === undefined) continue;
    (step.in as PlanEdge[]).push(edge);
    (source.out as PlanEdge[]).push(edge);
    if (edge.port !== null) (source.portsUsed as Set<string>).add(edge.port);
  }
}

function needsOf(step: PlanStep, pointer: Pointer, report: Report): Need[] {
  const written = step.definition.needs;
  if (written === undefined) return step.index === 0 ? [] : [{ from: step.index - 1, port: null }];
  const needs: Need[] = [];
  written.forEach((text, at) => {
    const need = resolveNeed(text, step, [...pointer, "needs", at], report);
    if (need === null) return;
    if (!needs.some(({ from, port }) => from === need.from && port === need.port)) needs.push(need);
  });
  return needs;
}

/**
 * `id`, `id.port` or `["any id"].port`. A whole text that is an id wins over one that reads as id
 * and port.
 */
function resolveNeed(text: string, step: PlanStep, at: Pointer, report: Report): Need | null {
  const split = splitNeed(text, step.scope.positions);
  if (split === null) {
    const id = quotedNeed(text)?.[0] ?? text.split(".")[0] ?? text;
    const ids = [...step.scope.positions.keys()].filter((known) => known !== step.id);
    report({
      code: "unknown_step",
      message: `Step \`${step.id}\` needs \`${text}\`, but its scope has no step \`${id}\`.`,
      pointer: at,
      suggestion: suggestName(id, ids) ?? "`needs` can only name steps of the same scope.",
    });
    return null;
  }
  if (split.from === step.index) {
    report({
      code: "self_edge",
      message: `Step \`${step.id}\` needs itself.`,
      pointer: at,
      suggestion: "Remove the entry.",
    });
    return null;
  }
  return knownPort(split, step, at, report) ? split : null;
}

function knownPort(need: Need, step: PlanStep, at: Pointer, report: Report): boolean {
  const source = step.scope.steps[need.from];
  if (need.port === null || source === undefined) return true;
  const ports = portsOf(source.definition);
  if (ports.includes(need.port)) return true;
  report({
    code: "unknown_port",
    message: `Step \`${source.id}\` (${source.uses}) has no port \`${need.port}\`.`,
    pointer: at,
    suggestion: suggestName(need.port, ports) ?? `Its ports: ${ports.join(", ")}.`,
  });
  return false;
}

function quotedNeed(text: string): [string, string] | null {
  const quoted = /^\[("(?:[^"\\]|\\.)*")\](.*)$/s.exec(text);
  if (quoted === null) return null;
  try {
    return [JSON.parse(quoted[1] ?? "") as string, quoted[2] ?? ""];
  } catch {
    // No JSON string: taken as it stands, it names no step, and that is told.
    return null;
  }
}

/** What an entry of `needs` names, of steps by their positions; null: none of them. */
export function splitNeed(text: string, positions: ReadonlyMap<string, number>): Need | null {
  const whole = positions.get(text);
  if (whole !== undefined) return { from: whole, port: null };
  const quoted = quotedNeed(text);
  if (quoted !== null) {
    const from = positions.get(quoted[0]);
    if (from === undefined || (quoted[1] !== "" && !quoted[1].startsWith("."))) return null;
    return { from, port: quoted[1] === "" ? null : quoted[1].slice(1) };
  }
  for (let dot = text.indexOf("."); dot !== -1; dot = text.indexOf(".", dot + 1)) {
    const from = positions.get(text.slice(0, dot));
    if (from !== undefined) return { from, port: text.slice(dot + 1) };
  }
  return null;
}

/** Positions of steps that no explicit edge leaves. */
export function leavesOf(scope: PlanScope): number[] {
  return scope.steps
    .filter((step) => step.out.every((edge) => edge.implied))
    .map(({ index }) => index);
}

/** Reports each cycle that a depth-first walk closes, as `a -> b -> a`. Iterative: chains are long. */
export function reportCycles(scope: PlanScope, pointer: Pointer, report: Report): boolean {
  const done = new Uint8Array(scope.steps.length);
  let found = false;
  for (const root of scope.steps) {
    if (done[root.index] !== 0) continue;
    const path: { readonly step: PlanStep; next: number }[] = [{ step: root, next: 0 }];
    done[root.index] = 1;
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const edge = top.step.out[top.next++];
      if (edge === undefined) {
        done[top.step.index] = 2;
        path.pop();
        continue;
      }
      const target = scope.steps[edge.to];
      if (target === undefined) continue;
      if (done[target.index] === 0) {
        done[target.index] = 1;
        path.push({ step: target, next: 0 });
      } else if (done[target.index] === 1) {
        found = true;
        reportCycle(
          path.map(({ step }) => step),
          target,
          pointer,
          report,
        );
      }
    }
  }
  return found;
}

function reportCycle(path: PlanStep[], target: PlanStep, pointer: Pointer, report: Report): void {
  const circle = path.slice(path.indexOf(target));
  const names = [...circle, target].map(({ id }) => id).join(" -> ");
  const reader = circle.find((step, at) => {
    const source = circle.at(at - 1);
    return source?.out.some((edge) => edge.implied && edge.to === step.index);
  });
  report({
    code: "cycle",
    message: `Steps wait for each other: ${names}.`,
    pointer: [...pointer, target.index],
    suggestion:
      reader === undefined
        ? "Remove one of these from a `needs`."
        : `An expression of \`${reader.id}\` reads \`${circle.at(circle.indexOf(reader) - 1)?.id}\`, which waits for it; change the order or give the steps \`needs\`.`,
  });
}
