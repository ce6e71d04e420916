/** Graph nodes that call a URL, and those that read, write and check data of other forms. */
import { z } from "zod";
import { type GraphMapping, type GraphNodeRow, graphNode } from "./graph-node-row.ts";
import { literal, stepRef, wrapped } from "./graph-source.ts";
import { block } from "./map-list-functions.ts";

const Http = z.looseObject({
  url: z.string().min(1),
  method: z.string().optional(),
  http_client_uid: z.string().optional(),
});

/** The named client of that format is a connection of the operator's. */
function connectionOf(
  client: string | undefined,
  fault: GraphMapping<unknown>["fault"],
): { readonly connection?: unknown } {
  if (client === undefined || client === "") return {};
  if (!CONNECTION_NAME.test(client))
    fault(
      "http_client_uid",
      `${JSON.stringify(client.slice(0, 80))} cannot be the name of a connection.`,
      "A connection's name begins with a letter; letters, digits, _ . - follow, 64 in all.",
    );
  return { connection: client };
}

const CONNECTION_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

const http = graphNode({
  data: Http,
  inputsMin: 0,
  isPlain: true,
  map(mapping) {
    const { url, method, http_client_uid: client } = mapping.data;
    return block(
      mapping,
      "request",
      {
        uses: "http.request",
        with: {
          url: literal(url),
          ...(method === undefined ? {} : { method: method.toUpperCase() }),
          ...connectionOf(client, mapping.fault),
          responseType: "text",
        },
      },
      (answer) => wrapped(`${answer}.body`),
    );
  },
});

const STRATEGIES = {
  offset: "offset",
  offset_limit: "offset",
  page: "page",
  page_number: "page",
  cursor: "cursor",
  link: "link",
  link_header: "link",
} as const;

const Parameter = z.string().min(1).max(200).optional();

const Paginator = z.looseObject({
  pagination_strategy: z.enum(Object.keys(STRATEGIES) as (keyof typeof STRATEGIES)[]),
  url: z.string().optional(),
  http_client_uid: z.string().optional(),
  page_size: z.int().min(1).max(100_000).optional(),
  max_pages: z.int().min(1).max(10_000).optional(),
  offset_param: Parameter,
  limit_param: Parameter,
  page_param: Parameter,
  per_page_param: Parameter,
  cursor_param: Parameter,
  next_cursor_path: z.string().optional(),
  cursor_field: z.string().optional(),
  link_header: z.string().optional(),
  results_path: z.string().optional(),
  items_field: z.string().optional(),
});
type Paginator = z.output<typeof Paginator>;

function strategyOf(data: Paginator): Readonly<Record<string, unknown>> {
  const { page_size: size } = data;
  const given = (fields: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(
      Object.entries(fields)
        .filter(([, field]) => field !== undefined && field !== "")
        .map(([name, field]) => [name, literal(field)]),
    );
  const type = STRATEGIES[data.pagination_strategy];
  switch (type) {
    case "offset":
      return given({
        type,
        offsetParam: data.offset_param,
        limitParam: data.limit_param,
        limit: size,
      });
    case "page": {
      const sizeParam = data.per_page_param ?? (size === undefined ? undefined : "per_page");
      return given({ type, pageParam: data.page_param, sizeParam, size });
    }
    case "cursor":
      return given({
        type,
        cursorParam: data.cursor_param,
        cursorPath: data.next_cursor_path ?? data.cursor_field,
      });
    case "link":
      return { type };
  }
}

/** Its address is its own, that of the call before it, or the text before it. */
const paginator = graphNode({
  data: Paginator,
  inputsMin: 0,
  listField: "items",
  map(mapping) {
    const { data, inputs, first, predecessor } = mapping;
    const call = predecessor?.type === "http" ? Http.safeParse(predecessor.data).data : undefined;
    const url = data.url ?? call?.url;
    if (url === undefined && inputs.length === 0)
      mapping.fault("url", "It needs a `url`, or an input that is one.");
    if (data.link_header !== undefined && !/^(?:link)?$/i.test(data.link_header))
      mapping.fault(
        "link_header",
        `The next page is read from the Link header, not from ${JSON.stringify(data.link_header)}.`,
        "Leave it out, or page in another way.",
      );
    const items = data.results_path ?? data.items_field ?? "";
    return {
      uses: "http.paginate",
      with: {
        url: url === undefined ? wrapped(first) : literal(url),
        ...connectionOf(data.http_client_uid ?? call?.http_client_uid, mapping.fault),
        strategy: strategyOf(data),
        ...(items === "" ? {} : { items: literal(items) }),
        ...(data.max_pages === undefined ? {} : { pagesMax: data.max_pages }),
      },
    };
  },
});

const FORMATS = ["JSON", "CSV", "TSV", "YAML", "XML"] as const;
const upper = (text: unknown): unknown => (typeof text === "string" ? text.toUpperCase() : text);

/** A text is read; any other value is read already. */
const parse = graphNode({
  data: z.looseObject({ input_type: z.preprocess(upper, z.enum([...FORMATS, "AUTO"]).optional()) }),
  inputsMin: 1,
  map({ data, first }) {
    const format = (data.input_type ?? "AUTO").toLowerCase();
    const isTable = format !== "json" && format !== "yaml";
    return {
      uses: "parse",
      with: {
        text: wrapped(first),
        format,
        ...(isTable ? { types: "auto", nulls: ["null"] } : {}),
        onOther: "keep",
      },
    };
  },
});

const format = graphNode({
  data: z.looseObject({
    output_type: z.preprocess(upper, z.enum(FORMATS).optional()),
    pretty_print: z.boolean().optional(),
    include_headers: z.boolean().optional(),
    delimiter: z.string().optional(),
  }),
  inputsMin: 1,
  isPlain: true,
  map({ data, first, list }) {
    const kind = (data.output_type ?? "JSON").toLowerCase();
    const isTable = kind === "csv" || kind === "tsv";
    return {
      uses: "format",
      with: {
        value: wrapped(isTable ? list : first),
        format: kind,
        ...(data.pretty_print === true ? { pretty: true } : {}),
        ...(isTable ? { headers: data.include_headers ?? true } : {}),
        ...(isTable && data.delimiter !== undefined && data.delimiter !== ""
          ? { delimiter: literal(data.delimiter) }
          : {}),
      },
    };
  },
});

/** A message of the validator as the kind of fault that the format names. */
const FAULT_TYPE =
  'fault.message.includes("required property") ? "required" : ' +
  'fault.message.startsWith("must be >=") ? "number_gte" : ' +
  'fault.message.startsWith("must be <=") ? "number_lte" : ' +
  'fault.message.startsWith("must match pattern") ? "pattern" : ' +
  'fault.message.includes("allowed values") ? "enum" : ' +
  'fault.message.includes("must be") ? "invalid_type" : "invalid"';

const schemaValidator = graphNode({
  data: z.looseObject({
    schema: z.record(z.string(), z.unknown()),
    strict: z.boolean().optional(),
  }),
  inputsMin: 1,
  map(mapping) {
    const id = mapping.inner("checked");
    const checked = `${stepRef(id)}.output`;
    const faults =
      `${checked}.errors.map((fault) => ({ ` +
      'field: fault.pointer == "" ? "(root)" : fault.pointer.slice(1).replaceAll("/", "."), ' +
      `type: ${FAULT_TYPE}, description: fault.message, ` +
      `value: fault.pointer == "" ? ${checked}.value : get(${checked}.value, fault.pointer.slice(1).replaceAll("/", ".")) }))`;
    return {
      uses: "try",
      steps: [
        {
          id,
          uses: "validate",
          with: {
            value: wrapped(mapping.first),
            schema: literal(mapping.data.schema),
            onInvalid: mapping.data.strict === true ? "fail" : "report",
          },
        },
      ],
      output: wrapped(
        `${checked}.valid ? { data: ${checked}.value, valid: true } : ` +
          `{ data: ${checked}.value, valid: false, errors: ${faults} }`,
      ),
    };
  },
});

export const CALL_NODES: { readonly [type: string]: GraphNodeRow } = {
  http,
  paginator,
  parse,
  format,
  schema_validator: schemaValidator,
};
