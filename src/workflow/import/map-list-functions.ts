/**
 * Graph nodes that hold a function of the items of a list. Each is a block: the step of the catalogue
 * that does the work, and around it the counts that nodes of that format give. What is no list (or
 * object, where the catalogue takes one) fails the node.
 */
import { z } from "zod";
import {
  type ExpressionNames,
  type GraphMapping,
  type GraphNodeRow,
  graphNode,
  type MappedStep,
} from "./graph-node-row.ts";
import { literal, stepRef, wrapped } from "./graph-source.ts";

/** One step and what is made of its output, which `make` gets as source. */
export function block(
  mapping: Pick<GraphMapping<unknown>, "inner">,
  name: string,
  step: MappedStep,
  make: (output: string) => unknown,
): MappedStep {
  const id = mapping.inner(name);
  return { uses: "try", steps: [{ id, ...step }], output: make(`${stepRef(id)}.output`) };
}

const ITEM: ExpressionNames = { current: "item", names: { item: "item", index: "index" } };

function ofItem(list: string): ExpressionNames {
  return { ...ITEM, names: { ...ITEM.names, items: list } };
}

/** Also of an object, whose values some nodes work on. */
export function count(list: string): string {
  return `(${list}?.length ?? Object.keys(${list}).length)`;
}

/**
 * An object of sources by field, and `errors` with the items that failed, where there are any: nodes
 * of that format go on without them.
 */
function counted(fields: Readonly<Record<string, string>>, failed: string): string {
  const parts = Object.entries(fields).map(([name, source]) => `${name}: ${source}`);
  return wrapped(
    `{ ${parts.join(", ")}, ...(${failed}.length == 0 ? {} : { errors: ${failed} }) }`,
  );
}

const Condition = z.looseObject({ condition: z.string().min(1) });
const test = (mapping: GraphMapping<z.output<typeof Condition>>): string =>
  `(item, index) => ${mapping.expression("condition", "condition", ofItem(mapping.list))}`;

const filter = graphNode({
  data: Condition,
  inputsMin: 1,
  listField: "filtered",
  map: (mapping) =>
    block(
      mapping,
      "kept",
      {
        uses: "data.filter",
        with: {
          items: wrapped(mapping.list),
          filter: test(mapping),
          onItemError: "report",
        },
      },
      (kept) =>
        counted(
          {
            filtered: `${kept}.results`,
            input_count: count(mapping.list),
            output_count: count(`${kept}.results`),
            skipped_count: `${kept}.skipped`,
            error_count: `${kept}.failed.length`,
            condition: JSON.stringify(mapping.data.condition),
            is_array: `Array.isArray(${mapping.list})`,
          },
          `${kept}.failed`,
        ),
    ),
});

const partition = graphNode({
  data: Condition,
  inputsMin: 1,
  map: (mapping) =>
    block(
      mapping,
      "parts",
      { uses: "data.partition", with: { items: wrapped(mapping.list), partition: test(mapping) } },
      (parts) => ({
        passed: wrapped(`${parts}.passed`),
        failed: wrapped(`${parts}.failed`),
        passed_count: wrapped(count(`${parts}.passed`)),
        failed_count: wrapped(count(`${parts}.failed`)),
        input_count: wrapped(count(mapping.list)),
        condition: literal(mapping.data.condition),
      }),
    ),
});

const find = graphNode({
  data: Condition.extend({ return_index: z.boolean().optional() }),
  inputsMin: 1,
  valueField: "found",
  map: (mapping) =>
    block(
      mapping,
      "hit",
      {
        uses: "data.find",
        with: { items: wrapped(mapping.list), find: test(mapping), result: "both" },
      },
      (hit) => {
        const asked = JSON.stringify(mapping.data.condition);
        const index = mapping.data.return_index === true ? `, index: ${hit}.index` : "";
        const nothing = `{ found: null, not_found: true, input_count: ${count(mapping.list)}, condition: ${asked} }`;
        return wrapped(
          `${hit}.found ? { found: ${hit}.item${index}, condition: ${asked} } : ${nothing}`,
        );
      },
    ),
});

const map = graphNode({
  data: z.looseObject({ expression: z.string().optional(), field: z.string().optional() }),
  inputsMin: 1,
  listField: "results",
  map(mapping) {
    const { data, list, fault } = mapping;
    if (data.expression === undefined && data.field === undefined)
      fault("expression", "It needs an `expression` of `item`, or a `field`.");
    const field = data.expression === undefined ? "field" : "expression";
    const made =
      data[field] === undefined ? "null" : mapping.expression(field, "value", ofItem(list));
    return block(
      mapping,
      "mapped",
      {
        uses: "data.map",
        with: { items: wrapped(list), map: `(item, index) => ${made}`, onItemError: "report" },
      },
      (mapped) =>
        counted(
          {
            results: `${mapped}.results`,
            input_count: count(list),
            output_count: count(`${mapped}.results`),
            successful: `${mapped}.succeeded`,
            failed: `${mapped}.failed.length`,
          },
          `${mapped}.failed`,
        ),
    );
  },
});

const reduce = graphNode({
  data: z.looseObject({ expression: z.string().min(1), initial_value: z.unknown().optional() }),
  inputsMin: 1,
  valueField: "result",
  map(mapping) {
    const { data, list } = mapping;
    const names = { ...ofItem(list).names, accumulator: "accumulator" };
    const made = mapping.expression("expression", "value", { current: "item", names });
    const initial =
      data.initial_value === undefined ? {} : { initial: literal(data.initial_value) };
    return block(
      mapping,
      "reduced",
      {
        uses: "data.reduce",
        with: {
          items: wrapped(list),
          ...initial,
          reduce: `(accumulator, item, index) => ${made}`,
          onItemError: "report",
        },
      },
      (reduced) =>
        counted(
          {
            result: `${reduced}.result`,
            final_value: `${reduced}.result`,
            initial_value: JSON.stringify(data.initial_value ?? null),
            input_count: count(list),
            iterations: count(list),
            successful: `${reduced}.succeeded`,
            failed: `${reduced}.failed.length`,
          },
          `${reduced}.failed`,
        ),
    );
  },
});

export const LIST_FUNCTION_NODES: { readonly [type: string]: GraphNodeRow } = {
  filter,
  partition,
  find,
  map,
  reduce,
};
