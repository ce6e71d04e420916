/** Graph nodes that call a URL, and those that read, write and check data of other forms. */
import { z } from "zod";
import { type GraphNodeRow, graphNode } from "./graph-node-row.ts";
import { literal, stepRef, wrapped } from "./graph-source.ts";
import { block } from "./map-list-functions.ts";

const http = graphNode({
  data: z.looseObject({
    url: z.string().min(1),
    method: z.string().optional(),
    http_client_uid: z.string().optional(),
  }),
  inputsMin: 0,
  isPlain: true,
  map(mapping) {
    const { url, method, http_client_uid: client } = mapping.data;
    const connection = client === undefined || client === "" ? {} : { connection: literal(client) };
    return block(
      mapping,
      "request",
      {
        uses: "http.request",
        with: {
          url: literal(url),
          ...(method === undefined ? {} : { method: method.toUpperCase() }),
          ...connection,
          responseType: "text",
        },
      },
      (answer) => wrapped(`${answer}.body`),
    );
  },
});

const STRATEGIES = {
  offset: "offset",
  page: "page",
  cursor: "cursor",
  link: "link",
  link_header: "link",
} as const;

const paginator = graphNode({
  data: z.looseObject({
    pagination_strategy: z.enum(Object.keys(STRATEGIES) as (keyof typeof STRATEGIES)[]),
    url: z.string().optional(),
    page_size: z.int().min(1).optional(),
    max_pages: z.int().min(1).optional(),
    items_field: z.string().optional(),
    cursor_param: z.string().optional(),
    cursor_field: z.string().optional(),
  }),
  inputsMin: 0,
  listField: "items",
  map(mapping) {
    const { data, inputs, first } = mapping;
    if (data.url === undefined && inputs.length === 0)
      mapping.fault("url", "It needs a `url`, or an input that is one.");
    const type = STRATEGIES[data.pagination_strategy];
    const size = data.page_size;
    const strategy = {
      type,
      ...(type === "offset" && size !== undefined ? { limit: size } : {}),
      ...(type === "page" && size !== undefined ? { size, sizeParam: "page_size" } : {}),
      ...(type === "cursor" && data.cursor_param !== undefined
        ? { cursorParam: literal(data.cursor_param) }
        : {}),
      ...(type === "cursor" && data.cursor_field !== undefined
        ? { cursorPath: literal(data.cursor_field) }
        : {}),
    };
    return {
      uses: "http.paginate",
      with: {
        url: data.url === undefined ? wrapped(first) : literal(data.url),
        strategy,
        ...(data.items_field === undefined ? {} : { items: literal(data.items_field) }),
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
