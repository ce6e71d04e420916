/**
 * XML in both directions. Elements become fields, repeated ones lists, attributes fields with `@`
 * in front, text beside them `#text`. Document types are refused, so that no entity can be
 * declared (billion laughs, external entities); nesting is bounded.
 */
import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";
import { NodeError } from "#errors/step-error.ts";
import { parseFailed } from "./parse-failed.ts";

const NESTING_MAX = 100;
const COMMON = {
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  textNodeName: "#text",
} as const;

export interface ReadXmlOptions {
  /** auto: numbers and booleans are recognised. text: all stays text. */
  readonly types: "text" | "auto";
  /** Elements that are a list even if there is only one. */
  readonly lists: readonly string[];
}

/** The document as JSON. Throws NodeError `parse_failed` with line and column. */
export function readXml(text: string, options: ReadXmlOptions): unknown {
  const valid = XMLValidator.validate(text);
  if (valid !== true)
    throw new NodeError(
      "parse_failed",
      `XML: ${valid.err.msg} (line ${valid.err.line}, column ${valid.err.col}).`,
      { details: { line: valid.err.line, column: valid.err.col } },
    );
  if (declaresDoctype(text))
    throw new NodeError(
      "parse_failed",
      "XML: the document declares a DOCTYPE; they are refused because entities in them can be bombs or read files.",
    );
  const lists = new Set(options.lists);
  const parser = new XMLParser({
    ...COMMON,
    parseTagValue: options.types === "auto",
    parseAttributeValue: options.types === "auto",
    numberParseOptions: { hex: false, leadingZeros: false, eNotation: false },
    maxNestedTags: NESTING_MAX,
    // Characters by number (`&#228;`) belong to every XML document; with them come names of HTML.
    htmlEntities: true,
    ignoreDeclaration: true,
    ignorePiTags: true,
    isArray: (name) => lists.has(name),
  });
  try {
    return parser.parse(text);
  } catch (error) {
    throw parseFailed("XML", error);
  }
}

/** What hides a `>` or a `<!DOCTYPE` that is none, and how it ends. */
const HIDING = [
  ["<![CDATA[", "]]>"],
  ["<!--", "-->"],
  ["<?", "?>"],
] as const;

/** Whether a DOCTYPE stands where one is read: not in a comment, in CDATA, or in an attribute. */
function declaresDoctype(text: string): boolean {
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
    const hiding = HIDING.find(([start]) => text.startsWith(start, at));
    if (hiding !== undefined) {
      const [start, close] = hiding;
      const end = text.indexOf(close, at + start.length);
      if (end < 0) return /<!DOCTYPE/i.test(text.slice(at));
      at = end + close.length;
    } else if (text.startsWith("<!", at)) return true;
    else at = tagEnd(text, at);
  }
  return false;
}

/** Behind the `>` of the tag that begins at `at`: one in quotes does not end it. */
function tagEnd(text: string, at: number): number {
  let quote = "";
  for (let end = at + 1; end < text.length; end += 1) {
    const sign = text.charAt(end);
    if (quote !== "") quote = sign === quote ? "" : quote;
    else if (sign === '"' || sign === "'") quote = sign;
    else if (sign === ">") return end + 1;
  }
  return text.length;
}

/** `value` as an XML document. An object with one field names the root by it, else `root` does. */
export function writeXml(value: unknown, options: { pretty: boolean; root: string }): string {
  refuseUnwritable(value, 0);
  const builder = new XMLBuilder({
    ...COMMON,
    format: options.pretty,
    suppressEmptyNode: true,
    // An attribute without a value is HTML, not XML.
    suppressBooleanAttributes: false,
  });
  const isRooted =
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length === 1 &&
    !Array.isArray(Object.values(value)[0]) &&
    !(Object.keys(value)[0] ?? "").startsWith("@");
  const list = Array.isArray(value) ? { item: value } : value;
  const text = builder.build(isRooted ? value : { [options.root]: list });
  return text.endsWith("\n") ? text : `${text}\n`;
}

/** The library writes names as they come, which would let a key inject elements. */
function refuseUnwritable(value: unknown, depth: number): void {
  if (depth > NESTING_MAX) throw unwritable(`it is nested deeper than ${NESTING_MAX} levels`);
  // XML 1.0 has no way to write these.
  if (typeof value === "string" && /[^\P{Cc}\t\n\r]|\p{Noncharacter_Code_Point}/u.test(value))
    throw unwritable("a text in it holds a control character");
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (!Array.isArray(value) && name !== "#text" && !/^@?[\p{L}_][\p{L}\p{N}_.:-]*$/u.test(name))
      throw unwritable(`${JSON.stringify(name.slice(0, 80))} is not an element name`);
    refuseUnwritable(inner, depth + 1);
  }
}

function unwritable(why: string): NodeError {
  return new NodeError("config_invalid", `value: cannot be written as XML: ${why}.`, {
    details: { field: "value" },
  });
}
