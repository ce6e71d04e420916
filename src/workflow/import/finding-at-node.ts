/** Findings about the definition that a graph became, at the nodes of the graph that they are about. */
import type { Finding } from "../problem.ts";

/** The finding with the innermost node on its way through `definition`. */
export function atNode(
  finding: Finding,
  definition: unknown,
  graph: Readonly<Record<string, unknown>>,
): Finding {
  const nodes = Array.isArray(graph["nodes"]) ? graph["nodes"] : [];
  const ids = nodes.map((node: { readonly id?: unknown } | null) => String(node?.id));
  let current: unknown = definition;
  let at = -1;
  for (const key of finding.pointer) {
    current = (current as Record<string | number, unknown> | null | undefined)?.[key];
    const id = (current as { readonly id?: unknown } | null | undefined)?.id;
    const found = typeof id === "string" ? ids.indexOf(id) : -1;
    if (found !== -1) at = found;
  }
  if (at === -1) return { code: finding.code, message: finding.message, pointer: [] };
  return {
    code: finding.code,
    message: `Node \`${ids[at]}\`: ${finding.message}`,
    pointer: ["nodes", at],
    suggestion: finding.suggestion ?? null,
  };
}
