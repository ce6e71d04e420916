/**
 * `http.paginate` reads a list that a service gives page by page. Every page is a request of its
 * own, with its own time limit and repeats, and counts against the run's calls.
 *
 * P1. Pages come one after the other; items keep their order. At a limit it stops with what it has,
 *     says so, and gives the position from which another step can go on (`next` -> `strategy.start`).
 *     Where it has nothing yet it fails instead, so that going on always comes further.
 * P2. A page that fails for good fails the step, or with `onPageError: partial` ends the list there.
 * P3. A next page on another origin is refused: it would get the credentials, or lead elsewhere.
 * P4. A service that gives the same position twice is stopped instead of asked for ever.
 */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { defineNode, type NodeContext, type NodeDefinition } from "../define-node.ts";
import { FieldPath, fieldNames, readField } from "../pure/field-path.ts";
import { answerBytes, headerOf, isFailure, statusError } from "./answer.ts";
import { CALL_ERRORS, CallConfig } from "./call-config.ts";
import { HttpCaller } from "./caller.ts";
import { type Resolve, resolveBySystem } from "./client.ts";
import {
  firstPosition,
  nextPosition,
  type Position,
  pageRequest,
  Strategy,
} from "./page-strategy.ts";
import { bodyValue } from "./response-body.ts";
import { blocked } from "./url-rules.ts";

const BYTES_MAX = 8 * 1024 * 1024;
const RETRY_WAIT_MS_MAX = 60_000;

const Config = z.strictObject({
  url: CallConfig.url.describe("Address of the list, or a path below the connection's"),
  connection: CallConfig.connection,
  method: z.enum(["GET", "POST"]).default("GET").describe("HTTP method of every page"),
  query: CallConfig.query.describe("Query of every page, beside the strategy's own"),
  headers: CallConfig.headers.describe("Headers of every page"),
  auth: CallConfig.auth,
  body: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("JSON body of every page; with it the strategy's parameters go there"),
  strategy: Strategy.describe("offset, page, cursor or link: how the next page is asked for"),
  items: FieldPath.optional().describe("Where the answer has the list; default: it is the list"),
  pagesMax: z.int().min(1).max(10_000).default(100).describe("Pages to read at most"),
  itemsMax: z.int().min(1).max(1_000_000).default(10_000).describe("Items to give at most"),
  onPageError: z
    .enum(["fail", "partial"])
    .default("fail")
    .describe("partial: a page that fails ends the list, and is told in `error`"),
  pageRetry: z
    .strictObject({
      attempts: z.int().min(1).max(20).default(3).describe("Tries of one page, the first included"),
      initialMs: z.int().min(0).max(60_000).default(500).describe("Wait before the second try"),
      factor: z.number().min(1).max(10).default(2).describe("Growth of the wait"),
    })
    .prefault({})
    .describe("Repeats of one page inside the attempt; Retry-After is waited for, up to a minute"),
  pauseMs: z.int().min(0).max(60_000).default(0).describe("Wait between pages"),
  timeoutMs: CallConfig.timeoutMs.describe("Time that one page may take, in ms"),
  idempotencyHeader: CallConfig.idempotencyHeader,
});

type Config = z.output<typeof Config>;

const PageError = z.strictObject({
  code: z.string(),
  message: z.string(),
  page: z.int().describe("Number of the page that failed, from 1"),
});

const Output = z.strictObject({
  items: z.array(z.unknown()).describe("All items in order"),
  pages: z.int().describe("Pages that were read"),
  stoppedBy: z
    .enum(["end", "pagesMax", "itemsMax", "bytesMax", "error"])
    .describe("Why it stopped; `end`: the list is complete"),
  next: z.union([z.string(), z.number(), z.null()]).describe("Where the next page begins, or null"),
  error: PageError.nullable().describe("Why a page could not be read (onPageError: partial)"),
});

type Output = z.output<typeof Output>;

interface Page {
  readonly items: readonly unknown[];
  readonly bytes: number;
  readonly next: Position;
}

export function definePaginate(resolve: Resolve): NodeDefinition {
  const caller = new HttpCaller(resolve);
  return defineNode({
    type: "http.paginate",
    title: "Read all pages",
    description:
      "Reads a list page by page (offset, page number, cursor or Link header) and gives all items.",
    category: "io",
    icon: "pages",
    pure: false,
    config: Config,
    output: Output,
    errors: CALL_ERRORS,
    examples: [
      {
        title: "By page number, until a page is empty",
        with: {
          url: "https://api.example.com/orders",
          strategy: { type: "page" },
          items: "orders",
        },
        given: {
          http: {
            "GET /orders?page=1": { body: { orders: [{ id: 1 }, { id: 2 }] } },
            "GET /orders?page=2": { body: { orders: [{ id: 3 }] } },
            "GET /orders?page=3": { body: { orders: [] } },
          },
        },
        output: {
          items: [{ id: 1 }, { id: 2 }, { id: 3 }],
          pages: 3,
          stoppedBy: "end",
          next: null,
          error: null,
        },
      },
      {
        title: "By cursor, two items at most",
        with: {
          url: "https://api.example.com/events",
          strategy: { type: "cursor", cursorParam: "after", cursorPath: "next" },
          items: "rows",
          itemsMax: 2,
        },
        given: {
          http: {
            "GET /events": { body: { rows: ["a", "b"], next: "x2" } },
            "GET /events?after=x2": { body: { rows: ["c"], next: null } },
          },
        },
        output: { items: ["a", "b"], pages: 1, stoppedBy: "itemsMax", next: "x2", error: null },
      },
      {
        title: "A list that is not there",
        with: { url: "https://api.example.com/none", strategy: { type: "offset" } },
        error: "http.404",
      },
    ],
    run: (config, context) => readPages(config, context, caller),
  });
}

export const httpPaginate = definePaginate(resolveBySystem);

async function readPages(
  config: Config,
  context: NodeContext,
  caller: HttpCaller,
): Promise<Output> {
  const items: unknown[] = [];
  const seen = new Set<string>();
  let bytes = 0;
  let position = firstPosition(config.strategy);
  for (let pages = 0; ; pages += 1) {
    const ended = (stoppedBy: Output["stoppedBy"], error: Output["error"] = null): Output => ({
      ...{ items, pages, stoppedBy, error },
      next: position as Output["next"],
    });
    if (pages >= config.pagesMax) return ended("pagesMax");
    if (pages > 0 && config.pauseMs > 0)
      await delay(config.pauseMs, undefined, { signal: context.signal });
    let page: Page;
    try {
      refuseRepeat(seen, position);
      page = await readPage(config, context, caller, position);
    } catch (error) {
      return failed(error, pages, config, context, (told) => ended("error", told));
    }
    bytes += page.bytes;
    if (bytes > BYTES_MAX && pages > 0) return ended("bytesMax");
    const room = config.itemsMax - items.length;
    if (page.items.length > room) {
      if (pages === 0) throw pageTooLong(page.items.length, config.itemsMax);
      return ended("itemsMax");
    }
    // One by one: a page may have more items than a call may have arguments.
    for (const item of page.items) items.push(item);
    position = page.next;
    context.progress(pages / config.pagesMax, `${items.length} items`);
    if (position === null) {
      pages += 1;
      return { items, pages, stoppedBy: "end", next: null, error: null };
    }
  }
}

function failed(
  error: unknown,
  pages: number,
  { onPageError }: Config,
  { signal }: NodeContext,
  ended: (error: Output["error"]) => Output,
): Output {
  if (!(error instanceof NodeError) || signal.aborted) throw error;
  const { code, message } = error;
  if (onPageError === "partial") return ended({ code, message, page: pages + 1 });
  throw new NodeError(code, `Page ${pages + 1}: ${message}`, {
    retryable: error.retryable,
    details: { ...(error.details as object | undefined), page: pages + 1 },
    cause: error,
  });
}

/** Another step that goes on there would get the same page, and not come further either. */
function pageTooLong(items: number, max: number): NodeError {
  return new NodeError(
    "limit_exceeded",
    `itemsMax: the first page alone has ${items} items, more than the ${max} to give at most; ask for smaller pages (strategy), or raise itemsMax.`,
    { details: { limit: "itemsMax", max, items } },
  );
}

function refuseRepeat(seen: Set<string>, position: Position): void {
  const key = JSON.stringify(position);
  if (seen.has(key))
    throw new NodeError(
      "limit_exceeded",
      `strategy: the service gave the position ${key.slice(0, 200)} twice; it would never end.`,
      { details: { limit: "samePosition" } },
    );
  seen.add(key);
}

/** One page, tried as often as `pageRetry` says. */
async function readPage(
  config: Config,
  context: NodeContext,
  caller: HttpCaller,
  position: Position,
): Promise<Page> {
  const { attempts, initialMs, factor } = config.pageRetry;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await callPage(config, context, caller, position);
    } catch (error) {
      const isLast = attempt >= attempts || context.signal.aborted;
      if (isLast || !(error instanceof NodeError) || !error.retryable) throw error;
      const waitMs = askedWaitMs(error) ?? initialMs * factor ** (attempt - 1);
      if (waitMs > RETRY_WAIT_MS_MAX) throw error;
      await delay(waitMs, undefined, { signal: context.signal });
    }
  }
}

function askedWaitMs({ details }: NodeError): number | null {
  const { retryAfterMs } = (details ?? {}) as { readonly retryAfterMs?: unknown };
  return typeof retryAfterMs === "number" ? retryAfterMs : null;
}

async function callPage(
  config: Config,
  context: NodeContext,
  caller: HttpCaller,
  position: Position,
): Promise<Page> {
  const { params, url } = pageRequest(config.strategy, position);
  const inBody = config.body !== undefined;
  const request = {
    ...config,
    url: url === null ? config.url : sameOrigin(config, url),
    // The next page's URL has its query in it.
    query: url !== null ? {} : inBody ? config.query : { ...config.query, ...params },
    ...(inBody ? { body: { ...config.body, ...params }, bodyType: "json" as const } : {}),
    redirects: "follow" as const,
  };
  return await caller.call(request, context, async (answer) => {
    const { response } = answer;
    if (isFailure(response.statusCode, [])) throw await statusError(answer);
    const bytes = await answerBytes(answer);
    const { body } = bodyValue(bytes, headerOf(response, "content-type"), "json");
    const items = itemsOf(config, body);
    const link = headerOf(response, "link");
    const next = nextPosition(config.strategy, { body, link, items: items.length, position });
    const isUrl = config.strategy.type === "link" && typeof next === "string";
    return {
      items,
      bytes: bytes.length,
      next: isUrl ? (URL.parse(next, answer.hop.url.href)?.href ?? next) : next,
    };
  });
}

/** With a connection its base address is the fence; without one the list's own origin. */
function sameOrigin({ url: first, connection }: Config, next: string): string {
  if (connection !== undefined) return next;
  const [from, to] = [URL.parse(first), URL.parse(next, first)];
  if (from !== null && to !== null && from.origin !== to.origin)
    throw blocked(to, `the next page lies on another origin than ${from.origin}`);
  return to?.href ?? next;
}

function itemsOf({ items: path }: Config, body: unknown): readonly unknown[] {
  const found = path === undefined ? body : readField(body, fieldNames(path));
  if (Array.isArray(found)) return found as readonly unknown[];
  const place = path === undefined ? "the answer" : `items: ${fieldNames(path).join(".")}`;
  const what = found === null ? "nothing is there" : `a value of type ${typeof found} is there`;
  throw new NodeError("parse_failed", `${place} is no list: ${what}.`, {
    details: { field: "items" },
  });
}
