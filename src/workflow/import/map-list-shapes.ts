/** Graph nodes that order, cut, join or make lists: blocks as in map-list-functions.ts. */
import { z } from "zod";
import { type GraphNodeRow, graphNode } from "./graph-node-row.ts";
import { literal, wrapped } from "./graph-source.ts";
import { block, count } from "./map-list-functions.ts";
import { setTo } from "./map-values.ts";

const slice = graphNode({
  data: z.looseObject({
    start: z.int().optional(),
    end: z.int().optional(),
    length: z.int().min(0).optional(),
  }),
  inputsMin: 1,
  listField: "sliced",
  map(mapping) {
    const { list } = mapping;
    const { start = 0, end, length } = mapping.data;
    const size = count(list);
    const from = start < 0 ? `Math.max(0, ${size} - ${-start})` : `Math.min(${start}, ${size})`;
    const to =
      length !== undefined
        ? `Math.min(${from} + ${length}, ${size})`
        : end === undefined
          ? size
          : end < 0
            ? `Math.max(0, ${size} - ${-end})`
            : `Math.min(${end}, ${size})`;
    const limits = length !== undefined ? { length } : end !== undefined ? { end } : {};
    return block(
      mapping,
      "part",
      { uses: "data.slice", with: { items: wrapped(list), start, ...limits } },
      (part) => ({
        sliced: wrapped(part),
        start: wrapped(from),
        end: wrapped(to),
        input_count: wrapped(size),
        output_count: wrapped(count(part)),
      }),
    );
  },
});

const sort = graphNode({
  data: z.looseObject({ field: z.string().optional(), order: z.enum(["asc", "desc"]).optional() }),
  inputsMin: 1,
  listField: "sorted",
  map(mapping) {
    const { field = "", order = "asc" } = mapping.data;
    const by = field === "" ? {} : { field };
    return block(
      mapping,
      "ordered",
      { uses: "data.sort", with: { items: wrapped(mapping.list), ...by, order } },
      (sorted) => ({
        sorted: wrapped(sorted),
        count: wrapped(count(sorted)),
        field: literal(field),
        order,
      }),
    );
  },
});

const flatMap = graphNode({
  data: z.looseObject({ field: z.string().optional() }),
  inputsMin: 1,
  listField: "flattened",
  map(mapping) {
    const { field = "" } = mapping.data;
    const how = field === "" ? { map: "(item) => item" } : { field };
    return block(
      mapping,
      "flat",
      { uses: "data.flat_map", with: { items: wrapped(mapping.list), ...how } },
      (flat) => ({
        flattened: wrapped(flat),
        field: literal(field),
        input_count: wrapped(count(mapping.list)),
        output_count: wrapped(count(flat)),
      }),
    );
  },
});

const unique = graphNode({
  data: z.looseObject({ field: z.string().optional() }),
  inputsMin: 1,
  listField: "unique",
  map(mapping) {
    const { field = "" } = mapping.data;
    const { list } = mapping;
    return block(
      mapping,
      "different",
      {
        uses: "data.unique",
        with: { items: wrapped(list), ...(field === "" ? {} : { field }) },
      },
      (different) => ({
        unique: wrapped(different),
        input_count: wrapped(count(list)),
        output_count: wrapped(count(different)),
        removed: wrapped(`${count(list)} - ${count(different)}`),
      }),
    );
  },
});

const chunk = graphNode({
  data: z.looseObject({ size: z.int().min(1) }),
  inputsMin: 1,
  listField: "chunks",
  map: (mapping) =>
    block(
      mapping,
      "parts",
      { uses: "data.chunk", with: { items: wrapped(mapping.list), size: mapping.data.size } },
      (chunks) => ({
        chunks: wrapped(chunks),
        chunk_count: wrapped(count(chunks)),
        chunk_size: mapping.data.size,
        input_count: wrapped(count(mapping.list)),
      }),
    ),
});

const reverse = graphNode({
  data: z.looseObject({}),
  inputsMin: 1,
  listField: "reversed",
  map: (mapping) =>
    block(
      mapping,
      "backwards",
      { uses: "data.reverse", with: { items: wrapped(mapping.list) } },
      (reversed) => ({ reversed: wrapped(reversed), count: wrapped(count(reversed)) }),
    ),
});

const zip = graphNode({
  data: z.looseObject({
    arrays: z.array(z.array(z.unknown())).optional(),
    fill_missing: z.unknown().optional(),
  }),
  inputsMin: 1,
  listField: "zipped",
  map(mapping) {
    const { arrays, fill_missing: fill } = mapping.data;
    const more = arrays === undefined ? "" : `, ${JSON.stringify(arrays).slice(1, -1)}`;
    const lists = arrays === undefined ? mapping.all("list") : `[...${mapping.all("list")}${more}]`;
    return block(
      mapping,
      "tuples",
      {
        uses: "data.zip",
        with: { lists: wrapped(lists), ...(fill === undefined ? {} : { fill: literal(fill) }) },
      },
      (zipped) => ({
        zipped: wrapped(zipped),
        tuple_count: wrapped(count(zipped)),
        array_count: wrapped(`${lists}.length`),
        max_length: wrapped(`Math.max(...${lists}.map((one) => one.length))`),
      }),
    );
  },
});

const sample = graphNode({
  data: z.looseObject({
    count: z.int().min(0).optional(),
    method: z.enum(["random", "first", "last"]).optional(),
  }),
  inputsMin: 1,
  listField: "sample",
  map(mapping) {
    const { count: wanted = 1, method = "random" } = mapping.data;
    const seed = method === "random" ? { seed: `\${{ run.id }}/${literal(mapping.node.id)}` } : {};
    return block(
      mapping,
      "drawn",
      {
        uses: "data.sample",
        with: { items: wrapped(mapping.list), count: wanted, method, ...seed },
      },
      (drawn) => ({
        sample: wrapped(drawn),
        method,
        input_count: wrapped(count(mapping.list)),
        output_count: wrapped(count(drawn)),
      }),
    );
  },
});

const range = graphNode({
  data: z.looseObject({
    start: z.number().optional(),
    end: z.number(),
    step: z.number().optional(),
  }),
  inputsMin: 0,
  listField: "range",
  map(mapping) {
    const { start = 0, end, step = 1 } = mapping.data;
    if (step === 0) mapping.fault("step", "It must not be 0.");
    else if ((end - start) / step < 0)
      mapping.fault(
        "step",
        `From ${start} to ${end} it must be ${end < start ? "negative" : "positive"}.`,
      );
    return block(
      mapping,
      "numbers",
      { uses: "data.range", with: { start, end, step, inclusive: true } },
      (numbers) => ({
        range: wrapped(numbers),
        count: wrapped(count(numbers)),
        start,
        end,
        step,
      }),
    );
  },
});

const compact = graphNode({
  data: z.looseObject({ remove_empty: z.boolean().optional() }),
  inputsMin: 1,
  listField: "compacted",
  map: (mapping) =>
    block(
      mapping,
      "full",
      {
        uses: "data.compact",
        with: {
          items: wrapped(mapping.list),
          removeEmpty: mapping.data.remove_empty === true,
        },
      },
      (full) => ({
        compacted: wrapped(full),
        input_count: wrapped(count(mapping.list)),
        output_count: wrapped(count(full)),
        removed: wrapped(`${count(mapping.list)} - ${count(full)}`),
      }),
    ),
});

const transpose = graphNode({
  data: z.looseObject({}),
  inputsMin: 1,
  listField: "transposed",
  map: (mapping) =>
    block(
      mapping,
      "columns",
      { uses: "data.transpose", with: { rows: wrapped(mapping.list) } },
      (columns) => {
        const sizes = `transposed: ${columns}, rows: ${count(mapping.list)}, cols: ${count(columns)}`;
        const turned = `transposed_rows: ${count(columns)}, transposed_cols: ${count(mapping.list)}`;
        return wrapped(`${count(columns)} == 0 ? { ${sizes} } : { ${sizes}, ${turned} }`);
      },
    ),
});

const AGGREGATES = {
  count: ["counts", "length"],
  sum: ["sums", "sum"],
  avg: ["averages", "mean"],
  min: ["minimums", "min"],
  max: ["maximums", "max"],
  values: ["values", "all"],
} as const;

const groupBy = graphNode({
  data: z.looseObject({
    field: z.string().min(1),
    aggregate: z.enum(Object.keys(AGGREGATES) as (keyof typeof AGGREGATES)[]).optional(),
    value_field: z.string().optional(),
  }),
  inputsMin: 1,
  map(mapping) {
    const { field, aggregate = "count", value_field: valueField } = mapping.data;
    const [name, how] = AGGREGATES[aggregate];
    const needsValues = how !== "length" && how !== "all";
    if (needsValues && valueField === undefined)
      mapping.fault("value_field", `\`${aggregate}\` needs the field with the numbers.`);
    const key = `String(item?.[${JSON.stringify(field)}] ?? "<missing>")`;
    const numbers = `group.map((item) => item?.[${JSON.stringify(valueField ?? "")}]).filter((n) => typeof n == "number")`;
    const figure =
      how === "length" ? "group.length" : how === "all" ? "group" : `${how}(${numbers})`;
    return block(
      mapping,
      "groups",
      setTo(wrapped(`groupBy(${mapping.list}, (item) => ${key})`)),
      (groups) => ({
        groups: wrapped(groups),
        group_count: wrapped(`Object.keys(${groups}).length`),
        input_count: wrapped(count(mapping.list)),
        field: literal(field),
        aggregate,
        [name]: wrapped(`mapValues(${groups}, (group) => ${figure})`),
      }),
    );
  },
});

export const LIST_SHAPE_NODES: { readonly [type: string]: GraphNodeRow } = {
  slice,
  sort,
  flat_map: flatMap,
  unique,
  chunk,
  reverse,
  zip,
  sample,
  range,
  compact,
  transpose,
  group_by: groupBy,
};
