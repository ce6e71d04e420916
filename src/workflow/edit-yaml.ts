/**
 * A changed definition put into the YAML text that it came from: comments, blank lines, quoting and
 * the order of keys stay where nothing changed. Used where a tool (an editor that draws, a rename)
 * changes a file that a person wrote.
 *
 * Y1. The result always reads back as the changed definition. Where the text cannot take the change
 *     in place (aliases that would change in two places), it is printed anew, and its comments go.
 * Y2. Only what differs is touched. Steps are matched by id, so that a step which moved takes its
 *     comments along. Spaces in front of a comment become one.
 */
import {
  type Document,
  isCollection,
  isMap,
  isSeq,
  type Node,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { WorkflowDefinition } from "./definition.ts";
import { hashJson } from "./hash.ts";
import type { NodeTypes } from "./node-types.ts";
import { parseWorkflow, parseWorkflowOrThrow } from "./parse.ts";
import { printYaml } from "./print.ts";

export interface EditedYaml {
  readonly text: string;
  /** false: the text was printed anew, without its comments. */
  readonly keptComments: boolean;
}

/** `text` with the definition `next` in it. Throws definition_invalid where `text` is no workflow. */
export function editYaml(text: string, next: WorkflowDefinition, nodes: NodeTypes): EditedYaml {
  const { definition } = parseWorkflowOrThrow(text, { nodes, format: "yaml" });
  if (hashJson(definition) === hashJson(next)) return { text, keptComments: true };
  const document = parseDocument(text, { version: "1.2", schema: "core", merge: false });
  const root = document.contents;
  if (isMap(root)) {
    changeMap(root, definition as Fields, next as Fields, document);
    const edited = document.toString({ lineWidth: 0 });
    const read = parseWorkflow(edited, { nodes, format: "yaml" });
    if (read.definition !== null && hashJson(read.definition) === hashJson(next))
      return { text: edited, keptComments: true };
  }
  return { text: printYaml(next), keptComments: false };
}

type Fields = { readonly [name: string]: unknown };

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSame(left: unknown, right: unknown): boolean {
  return left === right || hashJson(left ?? null) === hashJson(right ?? null);
}

function changeMap(map: YAMLMap, before: Fields, after: Fields, document: Document): void {
  for (const name of Object.keys(before)) if (after[name] === undefined) map.delete(name);
  for (const [name, value] of Object.entries(after)) {
    if (value === undefined) continue;
    if (before[name] !== undefined && isSame(before[name], value)) continue;
    const node = map.get(name, true) as unknown as Node | undefined;
    if (node !== undefined && isCollection(node) && change(node, before[name], value, document))
      continue;
    map.set(name, fresh(node, value, document));
  }
}

/** Changes a collection in place where its kind stays; false: it must be replaced. */
function change(node: Node, before: unknown, after: unknown, document: Document): boolean {
  if (isMap(node) && isFields(before) && isFields(after)) {
    changeMap(node, before, after, document);
    return true;
  }
  if (!isSeq(node) || !Array.isArray(before) || !Array.isArray(after)) return false;
  changeList(node, before, after, document);
  return true;
}

function changeList(
  list: YAMLSeq,
  before: readonly unknown[],
  after: readonly unknown[],
  document: Document,
): void {
  const items = [...list.items] as (Node | undefined)[];
  const used = new Set<number>();
  const [first] = items;
  if (
    list.commentBefore != null &&
    first !== undefined &&
    partnerOf(after[0], 0, before, used) !== 0
  ) {
    // What stands above the first item is the list's to the parser, and the item's to people.
    first.commentBefore = list.commentBefore;
    list.commentBefore = null;
  }
  list.items = after.map((value, at) => {
    const from = partnerOf(value, at, before, used);
    if (from === -1) return fresh(undefined, value, document);
    used.add(from);
    const node = items[from];
    if (node === undefined) return fresh(undefined, value, document);
    if (isSame(before[from], value)) return node;
    return change(node, before[from], value, document) ? node : fresh(node, value, document);
  });
}

/** The item that `value` was: the one of its id, the same value, or what stood in its place. */
function partnerOf(
  value: unknown,
  at: number,
  before: readonly unknown[],
  used: ReadonlySet<number>,
): number {
  const id = isFields(value) ? value["id"] : undefined;
  if (id !== undefined)
    return before.findIndex((one, index) => !used.has(index) && isFields(one) && one["id"] === id);
  const same = before.findIndex((one, index) => !used.has(index) && isSame(one, value));
  if (same !== -1) return same;
  return at < before.length && !used.has(at) ? at : -1;
}

/** A new node that takes over the comments of the one it replaces. */
function fresh(old: Node | undefined, value: unknown, document: Document): Node {
  const node = document.createNode(value) as Node;
  if (old === undefined) return node;
  if (old.comment !== undefined) node.comment = old.comment;
  if (old.commentBefore !== undefined) node.commentBefore = old.commentBefore;
  if (old.spaceBefore !== undefined) node.spaceBefore = old.spaceBefore;
  return node;
}
