/** Every node type of graph JSON that the importer knows, by name: docs/graph-json.md has them as a table. */
import type { GraphNodeRow } from "./graph-node-row.ts";
import { BRANCH_NODES } from "./map-branches.ts";
import { CALL_NODES } from "./map-calls.ts";
import { GUARD_NODES } from "./map-guards.ts";
import { LIST_FUNCTION_NODES } from "./map-list-functions.ts";
import { LIST_SHAPE_NODES } from "./map-list-shapes.ts";
import { LOOP_NODES } from "./map-loops.ts";
import { STATE_NODES } from "./map-state.ts";
import { VALUE_NODES } from "./map-values.ts";

export const GRAPH_NODES: ReadonlyMap<string, GraphNodeRow> = new Map(
  Object.entries({
    ...VALUE_NODES,
    ...BRANCH_NODES,
    ...LOOP_NODES,
    ...LIST_FUNCTION_NODES,
    ...LIST_SHAPE_NODES,
    ...STATE_NODES,
    ...CALL_NODES,
    ...GUARD_NODES,
  }),
);
