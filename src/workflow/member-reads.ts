/**
 * Which fields of given root names an expression reads (`vars.x`, `carry.sum`, `run.id`): for
 * checking them against what can exist. Only the first level, only literal names; names that an
 * arrow function binds are left alone.
 */
import type { Node } from "acorn";
import { parseWhole, parseWrapped } from "./expression/parse.ts";

export interface MemberRead {
  readonly root: string;
  readonly name: string;
  /** Read as `root?.name`, which may be missing. */
  readonly optional: boolean;
  /** Characters into the text. */
  readonly offset: number;
}

/** Reads in a bare expression (or one that is wrapped as a whole). The text must parse. */
export function membersOfBare(text: string): MemberRead[] {
  const { node, base } = parseWhole(text);
  return membersOf(node, base);
}

/** Reads in all `${{ }}` of a text. Those that do not parse are left out. */
export function membersOfText(text: string): MemberRead[] {
  const reads: MemberRead[] = [];
  let at = text.indexOf("${{");
  while (at !== -1) {
    let next = at + 3;
    if (text[at - 1] !== "$") {
      const { node, base, end } = parseWrapped(text, at);
      reads.push(...membersOf(node, base));
      next = end;
    }
    at = text.indexOf("${{", next);
  }
  return reads;
}

type Tree = Node & Readonly<Record<string, unknown>>;

function membersOf(node: Node, base: number): MemberRead[] {
  const reads: MemberRead[] = [];
  walk(node as Tree, base, new Set(), reads);
  return reads;
}

function walk(node: Tree, base: number, bound: ReadonlySet<string>, reads: MemberRead[]): void {
  const names = node.type === "ArrowFunctionExpression" ? withParameters(node, bound) : bound;
  const read = node.type === "MemberExpression" ? memberRead(node, base) : null;
  if (read !== null && !names.has(read.root)) reads.push(read);
  for (const [key, child] of Object.entries(node)) {
    if (key === "type") continue;
    for (const part of Array.isArray(child) ? child : [child])
      if (isTree(part)) walk(part, base, names, reads);
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && "type" in value;
}

/** Every identifier in the parameters counts as bound: more than exact, never less. */
function withParameters(arrow: Tree, bound: ReadonlySet<string>): ReadonlySet<string> {
  const names = new Set(bound);
  const collect = (node: Tree): void => {
    if (node.type === "Identifier") names.add(String(node["name"]));
    for (const child of Object.values(node).flat()) if (isTree(child)) collect(child);
  };
  for (const parameter of arrow["params"] as Tree[]) collect(parameter);
  return names;
}

function memberRead(node: Tree, base: number): MemberRead | null {
  const object = node["object"] as Tree;
  const property = node["property"] as Tree;
  if (object.type !== "Identifier") return null;
  const name = node["computed"] === true ? property["value"] : property["name"];
  if (typeof name !== "string") return null;
  return {
    root: String(object["name"]),
    name,
    optional: node["optional"] === true,
    offset: base + object.start,
  };
}
