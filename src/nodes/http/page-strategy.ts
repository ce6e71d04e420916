/**
 * How http.paginate comes from one page to the next: an offset, a page number, a cursor or URL in
 * the answer, or the Link header (RFC 8288). Pure arithmetic: the calls are made by paginate.ts.
 */
import LinkHeader from "http-link-header";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import type { Json } from "#workflow/json.ts";
import { FieldPath, fieldNames, readField } from "../pure/field-path.ts";

const Parameter = z.string().min(1).max(200);
const Start = z.int().min(0).describe("Where to begin; `next` of an earlier step goes on there");
const StartText = z.string().max(16_384).optional().describe("The same for cursors and URLs");

function Kind<Name extends string>(kind: Name) {
  return z.literal(kind).describe("How the next page is asked for");
}

export const Strategy = z.discriminatedUnion("type", [
  z.strictObject({
    type: Kind("offset"),
    offsetParam: Parameter.default("offset").describe("Parameter for the offset"),
    limitParam: Parameter.default("limit").describe("Parameter for the size of a page"),
    limit: z.int().min(1).max(100_000).default(100).describe("Items of a page"),
    start: Start.default(0),
  }),
  z.strictObject({
    type: Kind("page"),
    pageParam: Parameter.default("page").describe("Parameter for the page's number"),
    sizeParam: Parameter.optional().describe("Parameter for the size of a page"),
    size: z.int().min(1).max(100_000).optional().describe("Items of a page"),
    start: Start.default(1),
  }),
  z.strictObject({
    type: Kind("cursor"),
    cursorParam: Parameter.default("cursor").describe("Parameter for the cursor"),
    cursorPath: FieldPath.default("next_cursor").describe(
      "Where the answer has the next cursor; null or empty there: it was the last page",
    ),
    start: StartText,
  }),
  z.strictObject({
    type: Kind("link"),
    urlPath: FieldPath.optional().describe(
      "Where the body has the next page's URL; default: the Link header with rel=next",
    ),
    start: StartText,
  }),
]);

export type Strategy = z.output<typeof Strategy>;

/** Where a page begins: a number, a cursor, a URL; null: at the beginning. */
export type Position = Json;

export interface PageFacts {
  readonly body: unknown;
  readonly link: string;
  readonly items: number;
  readonly position: Position;
}

export function firstPosition(strategy: Strategy): Position {
  return strategy.start ?? null;
}

/** What asks for the page: parameters of the query (or of the body), or another URL. */
export function pageRequest(
  strategy: Strategy,
  position: Position,
): { readonly params: Readonly<Record<string, string | number>>; readonly url: string | null } {
  switch (strategy.type) {
    case "offset":
      return {
        params: {
          [strategy.offsetParam]: position as number,
          [strategy.limitParam]: strategy.limit,
        },
        url: null,
      };
    case "page":
      return {
        params: {
          [strategy.pageParam]: position as number,
          ...(strategy.sizeParam !== undefined && strategy.size !== undefined
            ? { [strategy.sizeParam]: strategy.size }
            : {}),
        },
        url: null,
      };
    case "cursor":
      return {
        params: position === null ? {} : { [strategy.cursorParam]: position as string | number },
        url: null,
      };
    case "link":
      return { params: {}, url: position as string | null };
  }
}

/** Where the next page begins; null: this was the last one. */
export function nextPosition(strategy: Strategy, page: PageFacts): Position {
  switch (strategy.type) {
    case "offset":
      return page.items < strategy.limit ? null : (page.position as number) + page.items;
    case "page": {
      const isShort = page.items === 0 || (strategy.size ?? 0) > page.items;
      return isShort ? null : (page.position as number) + 1;
    }
    case "cursor":
      return nextText(readField(page.body, fieldNames(strategy.cursorPath)), "cursorPath");
    case "link":
      return strategy.urlPath === undefined
        ? linkedNext(page.link)
        : nextText(readField(page.body, fieldNames(strategy.urlPath)), "urlPath");
  }
}

function nextText(value: unknown, field: string): Position {
  if (value === null || value === "" || value === false) return null;
  if (typeof value === "string" || typeof value === "number") return value;
  throw new NodeError(
    "parse_failed",
    `strategy.${field}: leads to ${Array.isArray(value) ? "a list" : `a value of type ${typeof value}`}, not to text.`,
    { details: { field: `strategy.${field}` } },
  );
}

function linkedNext(header: string): string | null {
  if (header === "") return null;
  try {
    return LinkHeader.parse(header).rel("next")[0]?.uri ?? null;
  } catch (cause) {
    throw unreadableLink(cause);
  }
}

function unreadableLink(cause: unknown): NodeError {
  return new NodeError("parse_failed", "The Link header of the answer cannot be read.", { cause });
}
