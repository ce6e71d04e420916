/**
 * YAML 1.2 (core schema, so `no` is text and dates stay text) in both directions. Keys are
 * strings and unique, there is one document, and aliases cannot grow it without bound.
 */
import { type Document, isScalar, LineCounter, parseDocument, stringify, visit } from "yaml";
import { parseFailed } from "./parse-failed.ts";

/** An alias may make at most this many nodes of each of the document's (the library's own bound). */
const ALIASES_MAX = 100;
/** Anchors and aliases: for each alias the library goes through all of them. */
const NAMES_MAX = 5_000;

/** The document as JSON. Throws NodeError `parse_failed` with line and column. */
export function readYaml(text: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    schema: "core",
    stringKeys: true,
    // The library compares each key with all before it: 100,000 of them would take minutes.
    uniqueKeys: false,
    lineCounter,
    merge: false,
    logLevel: "error",
  });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) {
    const at = fault.linePos?.[0];
    throw parseFailed("YAML", fault, { line: at?.line, column: at?.col });
  }
  refuseCostly(document, lineCounter);
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    throw parseFailed("YAML", error);
  }
}

/** Throws NodeError `parse_failed` for a key that occurs twice in its map, and for too many names. */
function refuseCostly(document: Document.Parsed, lineCounter: LineCounter): void {
  let names = 0;
  const count = (isName: boolean): void => {
    if (isName) names += 1;
    if (names > NAMES_MAX)
      throw parseFailed("YAML", new Error(`there are more than ${NAMES_MAX} anchors and aliases`));
  };
  visit(document, {
    Alias: () => count(true),
    Value: (_, { anchor }) => count(anchor !== undefined),
    Map: (_, { anchor, items }) => {
      count(anchor !== undefined);
      refuseTwins(items, lineCounter);
    },
  });
}

function refuseTwins(items: readonly { readonly key: unknown }[], lineCounter: LineCounter): void {
  const seen = new Set<unknown>();
  for (const { key } of items) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value)) {
      const { line, col: column } = lineCounter.linePos(key.range?.[0] ?? 0);
      const shown = JSON.stringify(key.value).slice(0, 80);
      throw parseFailed("YAML", new Error(`the key ${shown} occurs twice`), { line, column });
    }
    seen.add(key.value);
  }
}

/** `value` as one YAML document, without anchors. */
export function writeYaml(value: unknown): string {
  return stringify(value, { schema: "core", aliasDuplicateObjects: false, lineWidth: 0 });
}
