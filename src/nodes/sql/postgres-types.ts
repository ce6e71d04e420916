/**
 * PostgreSQL values as JSON, without loss: integers that JavaScript holds exactly are numbers,
 * others and `numeric` are text; times are ISO 8601 text with all their digits; bytea is base64.
 */
import type { CustomTypesConfig } from "pg";

type Parser = (text: string) => unknown;

const BOOL = 16;
const BYTEA = 17;
const INT8 = 20;
const INT2 = 21;
const INT4 = 23;
const OID = 26;
const JSON_TYPE = 114;
const FLOAT4 = 700;
const FLOAT8 = 701;
const TIMESTAMP = 1114;
const TIMESTAMPTZ = 1184;
const JSONB = 3802;

const SCALARS: Readonly<Record<number, Parser>> = {
  [BOOL]: (text) => text === "t",
  [BYTEA]: (text) => Buffer.from(text.replace(/^\\x/, ""), "hex").toString("base64"),
  [INT2]: Number,
  [INT4]: Number,
  [OID]: Number,
  [INT8]: (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : text),
  // JSON has no NaN and no Infinity.
  [FLOAT4]: (text) => (Number.isFinite(Number(text)) ? Number(text) : text),
  [FLOAT8]: (text) => (Number.isFinite(Number(text)) ? Number(text) : text),
  [JSON_TYPE]: (text) => JSON.parse(text) as unknown,
  [JSONB]: (text) => JSON.parse(text) as unknown,
  [TIMESTAMP]: (text) => text.replace(" ", "T"),
  [TIMESTAMPTZ]: (text) => text.replace(" ", "T").replace(/\+00$/, "Z"),
};

/** Types of arrays, and of what is in them. */
const ARRAYS: Readonly<Record<number, number>> = {
  1000: BOOL,
  1001: BYTEA,
  1005: INT2,
  1007: INT4,
  1016: INT8,
  1021: FLOAT4,
  1022: FLOAT8,
  1115: TIMESTAMP,
  1185: TIMESTAMPTZ,
  199: JSON_TYPE,
  3807: JSONB,
};
/** Text, varchar, name, char, numeric, date, time, uuid, interval: elements stay text. */
const TEXT_ARRAYS: ReadonlySet<number> = new Set([
  1009, 1015, 1003, 1014, 1231, 1182, 1183, 2951, 1187, 1270,
]);

interface ArrayParser {
  create(source: string, transform: Parser): { parse(): unknown };
}

export async function postgresTypes(): Promise<CustomTypesConfig> {
  const { default: pg } = await import("pg");
  // Its declaration shows a function; what is there makes parsers.
  const arrays = pg.types.arrayParser as unknown as ArrayParser;
  const parserOf = (type: number): Parser => {
    const element = ARRAYS[type] ?? (TEXT_ARRAYS.has(type) ? 0 : null);
    if (element === null) return SCALARS[type] ?? ((text) => text);
    const inner = SCALARS[element] ?? ((text: string) => text);
    return (text) => arrays.create(text, inner).parse();
  };
  return { getTypeParser: parserOf as CustomTypesConfig["getTypeParser"] };
}
