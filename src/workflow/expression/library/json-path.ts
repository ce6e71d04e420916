/**
 * `jsonpath(value, path)`: the part of RFC 9535 that selects by name and place:
 * `$`, `.name`, `['name']`, `[0]`, `[-1]`, `[1:5:2]`, `[*]`, `.*`, unions `[0,'a']` and `..` before each.
 * Filters (`?`) are left to `filter()`; nothing in a path is ever run as code.
 */
import { charge, chargeScan, limitError, machine } from "../machine.ts";
import { deniedError, isDeniedKey, isObject, valueError } from "../value.ts";
import { type Args, type Native, textArg } from "./library.ts";

type Selector =
  | { readonly kind: "all" }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | {
      readonly kind: "slice";
      readonly start: number | null;
      readonly end: number | null;
      readonly step: number;
    };

interface Segment {
  readonly deep: boolean;
  readonly selectors: readonly Selector[];
}

/** `jsonpath` by name. */
export const JSON_PATH_FUNCTIONS: ReadonlyMap<string, Native> = new Map<string, Native>([
  ["jsonpath", jsonpath],
]);

function jsonpath(args: Args): unknown[] {
  const path = textArg(args, 1, "jsonpath");
  chargeScan(path);
  let found: unknown[] = [args[0]];
  for (const segment of parsePath(path)) {
    const next: unknown[] = [];
    for (const value of found) select(segment, value, next, 0);
    found = next;
  }
  return found;
}

/** One step of a path at its start: `.name`, `.*`, `[…]`, each perhaps with `..` instead of `.`. */
const SEGMENT =
  /^(\.\.?)?(?:([\p{L}_][\p{L}\p{N}_]*|\*)|\[((?:[^\]'"]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")*)\])/u;

function parsePath(path: string): Segment[] {
  if (path.length > 1000) throw valueError("a JSON path has at most 1000 characters");
  if (!path.startsWith("$")) throw valueError(`the JSON path ${path} does not begin with $`);
  const segments: Segment[] = [];
  let rest = path.slice(1);
  while (rest !== "") {
    const match = SEGMENT.exec(rest);
    const [whole = "", dots, name, inner] = match ?? [];
    const wrong =
      match === null ||
      (name !== undefined && dots === undefined) ||
      (inner !== undefined && dots === ".");
    if (wrong) throw valueError(`the JSON path ${path} cannot be read from ${rest}`);
    const selectors = name === undefined ? parseSelectors(inner ?? "", path) : [nameOrAll(name)];
    segments.push({ deep: dots === "..", selectors });
    rest = rest.slice(whole.length);
  }
  return segments;
}

function nameOrAll(name: string): Selector {
  return name === "*" ? { kind: "all" } : { kind: "name", name: reachable(name) };
}

function reachable(name: string): string {
  if (isDeniedKey(name)) throw deniedError(name);
  return name;
}

/** One selector of a bracket at its start, with the comma after it. */
const SELECTOR =
  /^\s*(?:(\*)|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d*)\s*(:)\s*(-?\d*)\s*(?::\s*(-?\d*))?|(-?\d+))\s*(?:,(?=.)|$)/;

function parseSelectors(inner: string, path: string): Selector[] {
  const selectors: Selector[] = [];
  let rest = inner;
  do {
    const match = SELECTOR.exec(rest);
    if (match === null)
      throw valueError(
        `the JSON path ${path} cannot be read at [${inner}]; for conditions use filter()`,
      );
    selectors.push(selectorOf(match));
    rest = rest.slice(match[0].length);
  } while (rest !== "");
  return selectors;
}

function selectorOf(match: RegExpExecArray): Selector {
  const [, all, single, double, start, colon, end, step, index] = match;
  if (all !== undefined) return { kind: "all" };
  const name = single ?? double;
  if (name !== undefined) return { kind: "name", name: reachable(name.replace(/\\(.)/g, "$1")) };
  if (colon === undefined) return { kind: "index", index: Number(index) };
  return { kind: "slice", start: bound(start), end: bound(end), step: bound(step) ?? 1 };
}

function bound(text: string | undefined): number | null {
  return text === undefined || text === "" ? null : Number(text);
}

function select(segment: Segment, value: unknown, found: unknown[], depth: number): void {
  charge(1);
  if (typeof value !== "object" || value === null) return;
  if (depth > machine.limits.depthMax) throw limitError("depthMax");
  for (const selector of segment.selectors) apply(selector, value, found);
  if (found.length > machine.limits.arrayLengthMax) throw limitError("arrayLengthMax");
  if (segment.deep) for (const child of childrenOf(value)) select(segment, child, found, depth + 1);
}

function childrenOf(value: object): readonly unknown[] {
  return Array.isArray(value) ? value : Object.values(value);
}

function apply(selector: Selector, value: object, found: unknown[]): void {
  switch (selector.kind) {
    case "all":
      for (const child of childrenOf(value)) {
        charge(1);
        found.push(child);
      }
      return;
    case "name":
      if (isObject(value) && Object.hasOwn(value, selector.name)) found.push(value[selector.name]);
      return;
    case "index": {
      if (!Array.isArray(value)) return;
      const at = selector.index < 0 ? value.length + selector.index : selector.index;
      if (at >= 0 && at < value.length) found.push(value[at]);
      return;
    }
    case "slice":
      if (Array.isArray(value)) slice(selector, value, found);
  }
}

/** RFC 9535, section 2.3.4.2. */
function slice(
  selector: Selector & { kind: "slice" },
  list: readonly unknown[],
  found: unknown[],
): void {
  const { step } = selector;
  if (step === 0) return;
  const place = (index: number): number => (index < 0 ? list.length + index : index);
  const start = place(selector.start ?? (step > 0 ? 0 : list.length - 1));
  const end = selector.end === null ? (step > 0 ? list.length : -1) : place(selector.end);
  const first = step > 0 ? Math.max(start, 0) : Math.min(start, list.length - 1);
  const last = step > 0 ? Math.min(end, list.length) : Math.max(end, -1);
  for (let at = first; step > 0 ? at < last : at > last; at += step) {
    charge(1);
    found.push(list[at]);
  }
}
