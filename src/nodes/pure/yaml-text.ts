/**
 * YAML 1.2 (core schema, so `no` is text and dates stay text) in both directions. Keys are
 * strings and unique, there is one document, and aliases cannot grow it without bound.
 */
import { parseDocument, stringify } from "yaml";
import { parseFailed } from "./parse-failed.ts";

/** An alias may make at most this many nodes of each of the document's (the library's own bound). */
const ALIASES_MAX = 100;

/** The document as JSON. Throws NodeError `parse_failed` with line and column. */
export function readYaml(text: string): unknown {
  const document = parseDocument(text, {
    schema: "core",
    stringKeys: true,
    uniqueKeys: true,
    merge: false,
    logLevel: "error",
  });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) {
    const at = fault.linePos?.[0];
    throw parseFailed("YAML", fault, { line: at?.line, column: at?.col });
  }
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    throw parseFailed("YAML", error);
  }
}

/** `value` as one YAML document, without anchors. */
export function writeYaml(value: unknown): string {
  return stringify(value, { schema: "core", aliasDuplicateObjects: false, lineWidth: 0 });
}
