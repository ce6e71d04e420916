/** Graph nodes that repeat what follows them. */
import { z } from "zod";
import type { Step } from "../definition.ts";
import { type GraphNodeRow, graphNode } from "./graph-node-row.ts";
import { BODY_HANDLES, DONE_HANDLES } from "./graph-scopes.ts";
import { literal, stepRef, wrapped } from "./graph-source.ts";
import { count } from "./map-list-functions.ts";

/** A mistyped handle would put what follows the loop into its body. */
const LOOP_HANDLES = [...BODY_HANDLES, ...DONE_HANDLES];

const forEach = graphNode({
  data: z.looseObject({ max_iterations: z.int().min(0).optional() }),
  inputsMin: 1,
  handles: () => LOOP_HANDLES,
  listField: "results",
  map(mapping) {
    const { list, data } = mapping;
    const as = mapping.inner("item");
    const id = mapping.inner("each");
    const body = mapping.body({ value: as, index: "index", items: list });
    const limit: Step[] =
      data.max_iterations === undefined
        ? []
        : [
            {
              id: mapping.inner("limit"),
              uses: "fail",
              if: `${count(list)} > ${data.max_iterations}`,
              with: {
                code: "max_iterations",
                message: `There are more items than max_iterations (${data.max_iterations}).`,
              },
            },
          ];
    const each = `${stepRef(id)}.output`;
    return {
      uses: "try",
      steps: [
        ...limit,
        {
          id,
          uses: "for_each",
          with: {
            items: wrapped(list),
            as,
            onItemError: "continue",
            ...(body === null ? { collect: false } : {}),
          },
          ...(body ?? { steps: [] }),
        },
      ],
      output: {
        input_count: wrapped(count(list)),
        iterations: wrapped(`${each}.succeeded + ${each}.failed.length`),
        successful: wrapped(`${each}.succeeded`),
        failed: wrapped(`${each}.failed.length`),
        ...(body === null
          ? {}
          : { results: wrapped(`${each}.results`), errors: wrapped(`${each}.failed`) }),
      },
    };
  },
});

const CARRIED = { current: "carry.value", names: { input: "carry.value", item: "carry.value" } };

const whileLoop = graphNode({
  data: z.looseObject({
    condition: z.string().min(1),
    max_iterations: z.int().min(1).max(1_000_000).optional(),
  }),
  inputsMin: 1,
  handles: () => LOOP_HANDLES,
  valueField: "final_value",
  map(mapping) {
    const { condition, max_iterations: maxIterations = 100 } = mapping.data;
    const id = mapping.inner("passes");
    const body = mapping.body({ value: "carry.value", index: "index", items: null });
    return {
      uses: "try",
      steps: [
        {
          id,
          uses: "while",
          with: {
            condition: mapping.expression("condition", "condition", CARRIED),
            maxIterations,
            carry: { value: wrapped(mapping.first) },
          },
          steps: body?.steps ?? [],
          update: { value: body?.output ?? wrapped("carry.value") },
        },
      ],
      output: {
        final_value: wrapped(`${stepRef(id)}.output.carry.value`),
        iterations: wrapped(`${stepRef(id)}.output.passes`),
        condition: literal(condition),
      },
    };
  },
});

export const LOOP_NODES: { readonly [type: string]: GraphNodeRow } = {
  for_each: forEach,
  while_loop: whileLoop,
};
