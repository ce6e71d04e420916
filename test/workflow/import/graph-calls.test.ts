/** Graph nodes that call out: named clients are the operator's connections, pagers read real pages. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseConnections } from "#nodes/connections/connection-schema.ts";
import { createRegistry } from "#nodes/registry.ts";
import { checkDefinition } from "#workflow/check.ts";
import { GraphRunner, type Outcome } from "../../corpora/graph-runner.ts";
import { type LocalServer, localServer } from "../../nodes/http/local-server.ts";

type Data = Readonly<Record<string, unknown>>;
const ITEMS = [1, 2, 3, 4, 5, 6, 7];

/** Pages of three of ITEMS, in each way that the format knows. */
function pageOf(path: string, query: URLSearchParams) {
  const number = (name: string, other: number) => Number(query.get(name) ?? other);
  const slice = (start: number, size: number) => ITEMS.slice(start, start + size);
  switch (path) {
    case "/api/offset":
      return { body: { data: { rows: slice(number("skip", 0), number("take", 3)) } } };
    case "/api/page":
      return { body: slice((number("p", 1) - 1) * number("per_page", 3), number("per_page", 3)) };
    case "/api/cursor": {
      const start = number("after", 0);
      return { body: { rows: slice(start, 3), meta: { next: start < 6 ? start + 3 : null } } };
    }
    default: {
      const start = number("from", 0);
      const link = start < 6 ? `</api/link?from=${start + 3}>; rel="next"` : undefined;
      return { body: slice(start, 3), link };
    }
  }
}

describe("calls of graphs", () => {
  let server: LocalServer;
  let runner: GraphRunner;

  beforeAll(async () => {
    server = await localServer(({ url }, response) => {
      const { pathname, searchParams } = new URL(url, "http://localhost");
      if (pathname === "/api/down") {
        response.writeHead(404, { "content-type": "text/plain" }).end("nothing");
        return;
      }
      const { body, link } = pageOf(pathname, searchParams);
      const headers = { "content-type": "application/json", ...(link ? { link } : {}) };
      response.writeHead(200, headers);
      response.end(JSON.stringify(body));
    });
    const { connections, problems } = parseConnections({
      "shop-1": {
        kind: "http",
        baseUrl: `${server.url}/api`,
        headers: { "x-shop": "one" },
        allowPrivate: true,
      },
    });
    expect(problems).toEqual([]);
    runner = new GraphRunner(connections);
  });

  afterAll(async () => {
    await runner[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const run = (nodes: object[], edges: object[] = [], AllowLocalhost = true): Promise<Outcome> =>
    runner.run({ nodes, edges }, { test: "", config: { AllowHTTP: true, AllowLocalhost } });
  const pager = (data: Data) => ({ id: "pages", type: "paginator", data });

  it.each<[string, Data, number]>([
    [
      "offset_limit",
      { offset_param: "skip", limit_param: "take", page_size: 3, results_path: "data.rows" },
      3,
    ],
    ["page_number", { page_param: "p", per_page_param: "per_page", page_size: 3 }, 3],
    ["cursor", { cursor_param: "after", next_cursor_path: "meta.next", results_path: "rows" }, 3],
    ["link_header", { link_header: "Link" }, 3],
  ])("pages by %s", async (strategy, data, pages) => {
    const path = strategy.split("_")[0];
    const url = `${server.url}/api/${path}`;
    const all = { pagination_strategy: strategy, url, ...data };
    const outcome = await run(
      [pager(all), { id: "sum", type: "expression", data: { expression: "sum(input.items)" } }],
      [{ source: "pages", target: "sum" }],
    );
    expect(outcome.error).toBe(null);
    expect(outcome.results?.["pages"]).toMatchObject({ items: ITEMS, pages, stoppedBy: "end" });
    expect(outcome.results?.["sum"]).toBe(28);
    const capped = await run([pager({ ...all, max_pages: 1 })]);
    expect(capped.results?.["pages"]).toMatchObject({ items: [1, 2, 3], stoppedBy: "pagesMax" });
  });

  it("pages through the named client of its own, or of the call before it", async () => {
    const data = { pagination_strategy: "link_header", url: "link", http_client_uid: "shop-1" };
    const own = await run([pager(data)], [], false);
    expect(own.error).toBe(null);
    expect(own.results?.["pages"]).toMatchObject({ items: ITEMS });
    const call = { id: "call", type: "http", data: { url: "/link", http_client_uid: "shop-1" } };
    const behind = await run(
      [call, pager({ pagination_strategy: "link_header" })],
      [{ source: "call", target: "pages" }],
      false,
    );
    expect(behind.error).toBe(null);
    expect(behind.results?.["call"]).toBe("[1,2,3]");
    expect(behind.results?.["pages"]).toMatchObject({ items: ITEMS });
    expect(server.requests.at(-1)?.headers["x-shop"]).toBe("one");
  });

  it("lets a named client reach its base address and nothing else", async () => {
    const at = (url: string, client?: string) =>
      run(
        [{ id: "call", type: "http", data: { url, ...(client && { http_client_uid: client }) } }],
        [],
        false,
      );
    expect((await at(`${server.url}/api/link`, "shop-1")).error).toBe(null);
    const elsewhere = await at(`${server.url}/other`, "shop-1");
    expect(elsewhere.error?.message).toMatch(/does not lie below .* connection shop-1/);
    expect((await at(`${server.url}/api/link`)).error?.message).toMatch(/loopback|private/);
    expect((await at("/link", "shop-2")).error?.message).toMatch(/shop-2.*shop-1/s);
    expect((await at("/down", "shop-1")).error).toMatchObject({ nodes: ["call"] });
  });

  it.each<[string, Data, RegExp]>([
    ["a strategy that there is not", { pagination_strategy: "magic" }, /`pages`.*strategy/],
    ["no address", { pagination_strategy: "cursor" }, /`pages`.*needs a `url`/],
    [
      "another header",
      { pagination_strategy: "link_header", url: "http://a", link_header: "X-Next" },
      /`pages`.*"X-Next"/,
    ],
    [
      "a client that cannot be a connection's name",
      { pagination_strategy: "cursor", url: "http://a", http_client_uid: "../x" },
      /`pages`.*"..\/x" cannot be the name of a connection/,
    ],
    [
      "pages without items",
      { pagination_strategy: "offset", url: "http://a", page_size: 0 },
      /`pages`.*`page_size`/,
    ],
  ])("refuses %s", (_what, data, message) => {
    const { problems } = checkDefinition({ nodes: [pager(data)] }, { nodes: createRegistry() });
    expect(problems.map((problem) => problem.message).join("\n")).toMatch(message);
  });
});
