/** http.paginate against real servers that hand out lists in every way. */
import { expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import { httpPaginate } from "#nodes/http/paginate.ts";
import { connectionBook, nodeContext } from "../node-context.ts";
import { type LocalServer, localServer, type ReceivedRequest } from "./local-server.ts";

const loopback = { allowCidrs: ["127.0.0.1/32"] };
const ALL = Array.from({ length: 25 }, (_, n) => ({ n }));

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

function listServer(
  answer: (query: URLSearchParams, request: ReceivedRequest, calls: number) => Answer,
): Promise<LocalServer> {
  let calls = 0;
  return localServer((request, response) => {
    calls += 1;
    const { searchParams } = new URL(request.url, "http://host");
    const { status = 200, headers = {}, body } = answer(searchParams, request, calls);
    response.statusCode = status;
    response.setHeader("content-type", "application/json");
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.end(JSON.stringify(body));
  });
}

function read(config: Record<string, unknown>, context: Parameters<typeof nodeContext>[0] = {}) {
  return runAttempt(
    httpPaginate,
    { pageRetry: { attempts: 3, initialMs: 1 }, ...config },
    nodeContext({ http: { ...loopback, callsPerRunMax: 1_000 }, ...context }),
  );
}

const byOffset = (query: URLSearchParams): Answer => {
  const offset = Number(query.get("offset"));
  return { body: { data: { rows: ALL.slice(offset, offset + Number(query.get("limit"))) } } };
};
const OFFSET = { strategy: { type: "offset", limit: 10 }, items: "data.rows" };
const COMPLETE = { items: ALL, stoppedBy: "end", next: null, error: null };

it("reads by offset", async () => {
  await using server = await listServer(byOffset);
  expect(await read({ url: `${server.url}/list?x=1`, query: { tag: "a b" }, ...OFFSET })).toEqual({
    ok: true,
    output: { ...COMPLETE, pages: 3 },
  });
  expect(server.requests.map(({ url }) => url)).toEqual([
    "/list?x=1&tag=a+b&offset=0&limit=10",
    "/list?x=1&tag=a+b&offset=10&limit=10",
    "/list?x=1&tag=a+b&offset=20&limit=10",
  ]);
});

it("reads by page number, until a page is short, or empty where the size is not known", async () => {
  await using server = await listServer((query) => {
    const page = Number(query.get("p"));
    return { body: ALL.slice((page - 1) * 5, page * 5) };
  });
  const strategy = { type: "page", pageParam: "p" };
  expect(await read({ url: server.url, strategy })).toMatchObject({
    output: { ...COMPLETE, pages: 6 },
  });
  expect(
    await read({ url: server.url, strategy: { ...strategy, size: 5, sizeParam: "per" } }),
  ).toMatchObject({ output: { ...COMPLETE, pages: 6 } });
  expect(server.requests.at(-1)?.url).toBe("/?p=6&per=5");
});

it("reads by cursor, in the query or in the body", async () => {
  await using server = await listServer((query, { body, method }) => {
    const cursor =
      method === "POST"
        ? ((JSON.parse(body) as { after?: string }).after ?? "0")
        : (query.get("after") ?? "0");
    const at = Number(cursor.replace("c", ""));
    const next = at + 10 < ALL.length ? `c${at + 10}` : "";
    return { body: { rows: ALL.slice(at, at + 10), meta: { next } } };
  });
  const config = {
    url: server.url,
    items: "rows",
    strategy: { type: "cursor", cursorParam: "after", cursorPath: "meta.next" },
  };
  expect(await read(config)).toMatchObject({ output: { ...COMPLETE, pages: 3 } });
  expect(await read({ ...config, method: "POST", body: { q: 1 } })).toMatchObject({
    output: { ...COMPLETE, pages: 3 },
  });
  expect(server.requests.at(-1)?.body).toBe('{"q":1,"after":"c20"}');
});

it("reads by Link header, and by a URL in the body", async () => {
  await using server = await listServer((query, { url }) => {
    const at = Number(query.get("at") ?? 0);
    const next = at + 10 < ALL.length ? `/${url.startsWith("/b") ? "b" : ""}?at=${at + 10}` : null;
    const link = `</first>; rel="first"${next === null ? "" : `, <${next}>; rel="next"; title="a, b"`}`;
    return { headers: { link }, body: { rows: ALL.slice(at, at + 10), next } };
  });
  const config = { url: server.url, items: "rows", strategy: { type: "link" } };
  expect(await read(config)).toMatchObject({ output: { ...COMPLETE, pages: 3 } });
  expect(
    await read({
      ...config,
      url: `${server.url}/b`,
      strategy: { type: "link", urlPath: "next" },
      query: { first: "only" },
    }),
  ).toMatchObject({ output: { ...COMPLETE, pages: 3 } });
  expect(server.requests.slice(3).map(({ url }) => url)).toEqual([
    "/b?first=only",
    "/b?at=10",
    "/b?at=20",
  ]);
});

it("stops at its limits with what it has, and can go on from there", async () => {
  await using server = await listServer(byOffset);
  const config = { url: server.url, ...OFFSET };
  const first = await read({ ...config, pagesMax: 2 });
  expect(first).toMatchObject({
    output: { items: ALL.slice(0, 20), pages: 2, stoppedBy: "pagesMax", next: 20 },
  });
  expect(
    await read({ ...config, strategy: { type: "offset", limit: 10, start: 20 } }),
  ).toMatchObject({ output: { items: ALL.slice(20), stoppedBy: "end" } });
  expect(await read({ ...config, itemsMax: 15 })).toMatchObject({
    output: { items: ALL.slice(0, 10), pages: 1, stoppedBy: "itemsMax", next: 10 },
  });
});

it("stops before its output becomes too large", async () => {
  await using server = await listServer((query) => ({
    body: [{ page: query.get("page"), text: "x".repeat(3_000_000) }],
  }));
  const result = await read({ url: server.url, strategy: { type: "page" } });
  expect(result).toMatchObject({ output: { pages: 2, stoppedBy: "bytesMax", next: 3 } });
});

it("tries each page again by itself, as long as Retry-After says", async () => {
  const failures = new Map<string, number>();
  await using server = await listServer((query) => {
    const offset = query.get("offset") ?? "";
    const before = failures.get(offset) ?? 0;
    failures.set(offset, before + 1);
    if (before < 2) return { status: 503, headers: { "retry-after": "0" }, body: null };
    return byOffset(query);
  });
  expect(await read({ url: server.url, ...OFFSET })).toMatchObject({ output: { pages: 3 } });
  expect(server.requests).toHaveLength(9);
});

it("fails with the page that failed, or gives what it has", async () => {
  await using server = await listServer((query) =>
    query.get("offset") === "10" ? { status: 500, body: "no" } : byOffset(query),
  );
  const config = { url: server.url, ...OFFSET };
  expect(await read(config)).toMatchObject({
    error: {
      code: "http.500",
      retryable: true,
      message: expect.stringMatching(/^Page 2: GET .* answered 500/),
      details: { page: 2, status: 500 },
    },
  });
  expect(server.requests).toHaveLength(4);
  expect(await read({ ...config, onPageError: "partial" })).toMatchObject({
    output: {
      ...{ items: ALL.slice(0, 10), pages: 1, stoppedBy: "error", next: 10 },
      error: { code: "http.500", page: 2 },
    },
  });
  // What will not pass is not tried again.
  await using gone = await listServer(() => ({ status: 404, body: null }));
  expect(await read({ ...config, url: gone.url })).toMatchObject({ error: { code: "http.404" } });
  expect(gone.requests).toHaveLength(1);
});

it("stops a service that goes in circles", async () => {
  await using server = await listServer(() => ({ body: { rows: [1], next_cursor: "same" } }));
  expect(
    await read({ url: server.url, items: "rows", strategy: { type: "cursor" } }),
  ).toMatchObject({ error: { code: "limit_exceeded", details: { limit: "samePosition" } } });
  expect(server.requests).toHaveLength(2);
});

it.each([
  ["no list where it should be", { rows: 5 }, "rows"],
  ["nothing where it should be", {}, "rows"],
  ["an object instead of a list", {}, undefined],
])("fails for %s", async (_, body, items) => {
  await using server = await listServer(() => ({ body }));
  expect(
    await read({ url: server.url, strategy: { type: "page" }, ...(items && { items }) }),
  ).toMatchObject({ error: { code: "parse_failed", details: { page: 1 } } });
});

it("fails for a cursor that is no text, and for an answer that is no JSON", async () => {
  await using server = await listServer(() => ({ body: { rows: [1], next_cursor: { a: 1 } } }));
  const config = { items: "rows", strategy: { type: "cursor" } };
  expect(await read({ url: server.url, ...config })).toMatchObject({
    error: { code: "parse_failed" },
  });
  await using html = await localServer((_, response) => response.end("<html>"));
  expect(await read({ url: html.url, ...config })).toMatchObject({
    error: { code: "parse_failed" },
  });
});

it("does not take credentials to a next page on another origin", async () => {
  await using other = await listServer(() => ({ body: [] }));
  await using server = await listServer(() => ({
    body: [1],
    headers: { link: `<${other.url}/next>; rel="next"` },
  }));
  const config = {
    strategy: { type: "link" },
    auth: { type: "bearer", token: "page-token" },
  };
  expect(await read({ url: server.url, ...config })).toMatchObject({
    error: { code: "http_blocked", details: { page: 2 } },
  });
  await using book = connectionBook({ list: { kind: "http", baseUrl: server.url } });
  expect(
    await read({ ...config, url: "", connection: "list" }, { connections: book }),
  ).toMatchObject({ error: { code: "http_blocked" } });
  expect(other.requests).toHaveLength(0);
});

it("counts every page against the run's calls", async () => {
  await using server = await listServer(byOffset);
  expect(
    await read({ url: server.url, ...OFFSET }, { http: { ...loopback, callsPerRunMax: 2 } }),
  ).toMatchObject({ error: { code: "http_limit" } });
  expect(server.requests).toHaveLength(2);
});

it.each([
  ["during a page", { pageRetry: { attempts: 1 } }, 0],
  ["while it waits to try again", { pageRetry: { attempts: 5, initialMs: 60_000 } }, 503],
  ["between pages", { pauseMs: 60_000 }, 200],
])("ends at an abort %s", async (_, config, status) => {
  const controller = new AbortController();
  await using server = await localServer((request, response) => {
    setImmediate(() => controller.abort());
    if (status === 0) return;
    response.statusCode = status;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(request.url.includes("offset=0") ? ALL.slice(0, 10) : []));
  });
  const result = await read(
    { url: server.url, strategy: { type: "offset", limit: 10 }, ...config },
    { signal: controller.signal },
  );
  expect(result).toMatchObject({ error: { code: "aborted" } });
  expect(server.requests.length).toBeLessThan(2);
});

it("says that a first page is longer than itemsMax, instead of coming no further for ever", async () => {
  await using server = await listServer(byOffset);
  const config = { url: server.url, ...OFFSET, itemsMax: 9 };
  const error = {
    code: "limit_exceeded",
    message: expect.stringContaining("the first page alone has 10 items, more than the 9"),
    details: { limit: "itemsMax", max: 9, items: 10 },
  };
  expect(await read(config)).toMatchObject({ ok: false, error });
  expect(await read({ ...config, onPageError: "partial" })).toMatchObject({ ok: false, error });
});

it("takes pages with more items than a function can have arguments", async () => {
  await using server = await listServer(() => ({ body: Array.from({ length: 500_000 }, () => 1) }));
  const strategy = { type: "page", size: 1_000 };
  const result = await read({ url: server.url, strategy, itemsMax: 500_000, pagesMax: 1 });
  expect(result).toMatchObject({ output: { pages: 1, stoppedBy: "pagesMax", next: 2 } });
  expect(result).toHaveProperty("output.items.length", 500_000);
});
