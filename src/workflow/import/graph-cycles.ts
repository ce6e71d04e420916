/**
 * Cycles of a graph, found by one depth-first walk. Messages stay short whatever a graph looks like: a
 * long circle is shown by its ends, and of many circles the first are told and the rest counted.
 */
import type { Pointer, Report } from "../problem.ts";

/** What a walk needs of a graph. */
interface Ways {
  readonly nodes: readonly { readonly id: string }[];
  readonly outgoing: ReadonlyMap<
    string,
    readonly { readonly target: string; readonly pointer: Pointer }[]
  >;
}

const CYCLES_TOLD_MAX = 20;
const NODES_SHOWN_MAX = 12;

/** Reports each cycle that a depth-first walk closes; iterative, as chains are long. */
export function reportCycles(graph: Ways, report: Report): boolean {
  const state = new Map<string, "open" | "done">();
  let found = 0;
  for (const { id: root } of graph.nodes) {
    if (state.has(root)) continue;
    const path: { readonly id: string; next: number }[] = [{ id: root, next: 0 }];
    state.set(root, "open");
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const edge = graph.outgoing.get(top.id)?.[top.next++];
      if (edge === undefined) {
        state.set(top.id, "done");
        path.pop();
      } else if (!state.has(edge.target)) {
        state.set(edge.target, "open");
        path.push({ id: edge.target, next: 0 });
      } else if (state.get(edge.target) === "open") {
        found += 1;
        if (found > CYCLES_TOLD_MAX) continue;
        const start = path.findIndex(({ id }) => id === edge.target);
        const circle = [...path.slice(start).map(({ id }) => id), edge.target];
        report({
          code: "cycle",
          message: `Nodes wait for each other: ${circleText(circle)}.`,
          pointer: edge.pointer,
          suggestion: "Remove one of these edges; a `while_loop` repeats what follows it.",
        });
      }
    }
  }
  if (found > CYCLES_TOLD_MAX)
    report({
      code: "cycle",
      message: `${found - CYCLES_TOLD_MAX} more edges close a circle.`,
      pointer: ["edges"],
    });
  return found > 0;
}

function circleText(ids: readonly string[]): string {
  if (ids.length <= NODES_SHOWN_MAX) return ids.join(" -> ");
  const half = NODES_SHOWN_MAX / 2;
  const left = ids.length - NODES_SHOWN_MAX;
  return [...ids.slice(0, half), `(${left} more)`, ...ids.slice(-half)].join(" -> ");
}
