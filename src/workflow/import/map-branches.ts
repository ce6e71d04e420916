/** Graph nodes that choose, divide and join ways through a graph, and wait. */
import { z } from "zod";
import type { SwitchCase } from "../definition.ts";
import {
  type GraphMapping,
  type GraphNodeRow,
  graphNode,
  type MappedStep,
} from "./graph-node-row.ts";
import { literal, spanMs, wrapped } from "./graph-source.ts";
import { block } from "./map-list-functions.ts";
import { setTo } from "./map-values.ts";

/** Inside a case the value of the switch is `value`. */
const CHOSEN = { current: "value", names: { input: "value", item: "value" } };

const condition = graphNode({
  data: z.looseObject({ condition: z.string().min(1) }),
  inputsMin: 1,
  handsOn: "value",
  valueField: "value",
  portField: "path",
  ports: () =>
    new Map([
      ["true", ["true"]],
      ["true_path", ["true"]],
      ["false", ["false"]],
      ["false_path", ["false"]],
    ]),
  map(mapping) {
    const result = (isMet: boolean) => ({
      value: wrapped(mapping.first),
      condition_met: isMet,
      condition: literal(mapping.data.condition),
      path: String(isMet),
      true_path: isMet,
      false_path: !isMet,
    });
    const when = mapping.expression("condition", "condition", CHOSEN);
    return {
      uses: "switch",
      with: { value: wrapped(mapping.first) },
      cases: {
        true: { when, output: result(true) },
        false: { when: "true", output: result(false) },
      },
    };
  },
});

const Cases = z.looseObject({
  cases: z
    .array(
      z.looseObject({
        when: z.string().optional(),
        output_path: z.string().optional(),
        is_default: z.boolean().optional(),
      }),
    )
    .min(1),
});
type Cases = z.output<typeof Cases>;

/** Ports of a switch that stand for each case, in order; the default is the language's own. */
function portsOf(data: Cases): readonly string[] {
  const taken = new Set(["default", "error"]);
  return data.cases.map((one, at) => {
    if (one.is_default === true) return "default";
    const path = pathOf(one, at);
    let name = taken.has(path) ? `${path}_path` : path;
    for (let number = 2; taken.has(name); number += 1) name = `${path}_${number}`;
    taken.add(name);
    return name;
  });
}

function pathOf(one: Cases["cases"][number], at: number): string {
  return one.output_path ?? (one.is_default === true ? "default" : `case_${at + 1}`);
}

const choice = graphNode({
  data: Cases,
  inputsMin: 1,
  handsOn: "value",
  valueField: "value",
  portField: "output_path",
  ports(data) {
    const ports = portsOf(data);
    const byHandle = new Map<string, string[]>();
    data.cases.forEach((one, at) => {
      const handle = pathOf(one, at);
      byHandle.set(handle, [...(byHandle.get(handle) ?? []), ports[at] ?? handle]);
    });
    return byHandle;
  },
  map(mapping) {
    const { data, first } = mapping;
    const ports = portsOf(data);
    const result = (at: number) => {
      const one = data.cases[at];
      return {
        value: wrapped(first),
        matched: one !== undefined && one.is_default !== true,
        case: one === undefined ? null : literal(one.when ?? "default"),
        output_path: one === undefined ? null : literal(pathOf(one, at)),
        case_index: at,
      };
    };
    if (data.cases.filter((one) => one.is_default === true).length > 1)
      mapping.fault("cases", "It has more than one default case.", "Keep one, the last.");
    const cases: Record<string, SwitchCase> = {};
    data.cases.forEach((one, at) => {
      const port = ports[at] ?? "";
      if (one.is_default === true) return;
      if (one.when === undefined) mapping.fault("cases", `Case ${at + 1} has no \`when\`.`);
      const when = mapping.translate(
        one.when ?? "false",
        ["cases", at, "when"],
        "condition",
        CHOSEN,
      );
      cases[port] = { when, output: result(at) };
    });
    const fallback = data.cases.findIndex((one) => one.is_default === true);
    return {
      uses: "switch",
      with: { value: wrapped(first) },
      cases,
      default: { output: result(fallback) },
    };
  },
});

const SPLIT_PATHS = ["path1", "path2"];

const split = graphNode({
  data: z.looseObject({ paths: z.array(z.string()).optional() }),
  inputsMin: 1,
  handles: ({ paths = SPLIT_PATHS }) => paths,
  handsOn: "value",
  passesField: "value",
  map({ data, first }) {
    const { paths = SPLIT_PATHS } = data;
    return setTo({
      value: wrapped(first),
      paths: literal(paths),
      outputs: Object.fromEntries(paths.map((path) => [path, wrapped(first)])),
    });
  },
});

const join = graphNode({
  data: z.looseObject({ join_strategy: z.enum(["all", "any", "first"]).optional() }),
  inputsMin: 1,
  valueField: "value",
  listField: "values",
  runsAtFirst: (data) => (data.join_strategy ?? "all") !== "all",
  map({ data, first, all }) {
    const { join_strategy: strategy = "all" } = data;
    if (strategy !== "all") return setTo({ strategy, value: wrapped(first) });
    return setTo({
      strategy,
      values: wrapped(all("source")),
      count: wrapped(`${all("source")}.length`),
    });
  },
});

const Parallel = z.looseObject({ max_concurrency: z.int().min(1).optional() });

const parallel = graphNode({
  data: Parallel,
  inputsMin: 1,
  listField: "results",
  limits: "branches",
  limit: ({ max_concurrency: limit }, key, fanOut) =>
    limit === undefined || limit >= fanOut
      ? null
      : { concurrency: { key: `run.id + ${JSON.stringify(`/${key}`)}`, limit } },
  map(mapping) {
    const { max_concurrency: limit = 10 } = mapping.data;
    const each = parallelBody(mapping, limit);
    if (each !== null) return each;
    return setTo({
      results: wrapped(mapping.all("source")),
      count: wrapped(`${mapping.all("source")}.length`),
      concurrency: limit,
    });
  },
});

/** The nodes behind its port `body`, once for every input, or for every item of the one list. */
function parallelBody(
  mapping: GraphMapping<z.output<typeof Parallel>>,
  limit: number,
): MappedStep | null {
  const { inputs } = mapping;
  const items = inputs.length === 1 ? mapping.list : mapping.all("source");
  const as = mapping.inner("item");
  const body = mapping.body({ value: as, index: "index", items });
  if (body === null) return null;
  return block(
    mapping,
    "each",
    { uses: "for_each", with: { items: wrapped(items), as, concurrency: limit }, ...body },
    (each) => ({
      results: wrapped(`${each}.results`),
      count: wrapped(`${each}.results.length`),
      concurrency: limit,
    }),
  );
}

const delay = graphNode({
  data: z.looseObject({ duration: z.union([z.string(), z.number()]) }),
  inputsMin: 0,
  handsOn: "value",
  valueField: "value",
  map(mapping) {
    const { duration } = mapping.data;
    const wait = spanMs(duration);
    if (wait === null)
      mapping.fault(
        "duration",
        `${JSON.stringify(duration)} is no duration.`,
        "Write 10s, 5m or 1h30m.",
      );
    return block(mapping, "pause", { uses: "wait.for", with: { duration: wait ?? 0 } }, () => ({
      value: wrapped(mapping.first),
      duration: literal(duration),
      delayed: true,
    }));
  },
});

export const BRANCH_NODES: { readonly [type: string]: GraphNodeRow } = {
  condition,
  switch: choice,
  split,
  join,
  parallel,
  delay,
};
