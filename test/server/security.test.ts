/** Who may call: Host, Origin, API keys, and where the server refuses to listen. */
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { LockstitchError } from "#errors/errors.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import { assertBindable, isLoopback } from "#server/security.ts";
import { serverFixture } from "./server-fixture.ts";

const KEY = "a-key-of-enough-characters";
const REMOTE = { host: "0.0.0.0", port: 0, apiKeys: [KEY, "another-key-of-enough-characters"] };

describe("on loopback", () => {
  it.each([
    ["localhost:7420", 200],
    ["127.0.0.1:7420", 200],
    ["[::1]:7420", 200],
    ["LOCALHOST", 200],
    ["evil.example", 403],
    ["evil.example:7420", 403],
    ["127.0.0.1.evil.example", 403],
    ["localhost.evil.example", 403],
    ["169.254.169.254", 403],
    ["localhost:7420@evil.example", 403],
  ])("Host %s answers %i", async (host, status) => {
    await using fixture = await serverFixture();
    for (const url of ["/api/v1/runs", "/", "/healthz"])
      expect((await fixture.app.inject({ url, headers: { host } })).statusCode).toBe(status);
  });

  it.each([
    [{ origin: "http://localhost:7420" }, 200],
    [{ origin: "http://localhost:3000" }, 403],
    [{ origin: "https://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ "sec-fetch-site": "same-origin" }, 200],
    [{ "sec-fetch-site": "none" }, 200],
    [{ "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "same-site" }, 403],
  ])("a page with %j answers %i on reads, changes and streams", async (headers, status) => {
    await using fixture = await serverFixture();
    const host = "localhost:7420";
    const call = async (method: "GET" | "POST", url: string) =>
      (await fixture.app.inject({ method, url, headers: { host, ...headers } })).statusCode;
    expect(await call("GET", "/api/v1/runs")).toBe(status);
    expect(await call("POST", "/api/v1/runs/r/cancel")).toBe(status === 200 ? 404 : 403);
    expect(await call("GET", "/api/v1/runs/r/stream")).toBe(status === 200 ? 404 : 403);
  });
});

describe("elsewhere", () => {
  it("refuses to listen without a key, or with one that is too short", () => {
    const attempt = (host: string, apiKeys: string[]) => () =>
      assertBindable({ host, port: 0, apiKeys });
    for (const host of ["0.0.0.0", "::", "192.168.1.4", "example.com"])
      expect(attempt(host, [])).toThrow(LockstitchError);
    expect(attempt("0.0.0.0", [])).toThrow(/LOCKSTITCH_API_KEY/);
    expect(attempt("0.0.0.0", ["short"])).toThrow(/16 characters/);
    expect(attempt("0.0.0.0", [KEY])).not.toThrow();
    for (const host of ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost", "::ffff:127.0.0.1"])
      expect(attempt(host, [])).not.toThrow();
    expect(isLoopback("128.0.0.1")).toBe(false);
  });

  it("asks for a key on the API and names the one that was used", async () => {
    await using fixture = await serverFixture({ security: REMOTE });
    const call = (headers: Record<string, string>, url = "/api/v1/runs") =>
      fixture.app.inject({ url, headers: { host: "lockstitch.example", ...headers } });
    const without = await call({});
    expect([without.statusCode, without.json().code]).toEqual([401, "unauthorized"]);
    expect(without.headers["www-authenticate"]).toContain("Bearer");
    for (const wrong of [`Bearer ${KEY}x`, `Bearer ${KEY.slice(1)}`, `Basic ${KEY}`, "Bearer "])
      expect((await call({ authorization: wrong })).statusCode).toBe(401);
    for (const key of REMOTE.apiKeys)
      expect((await call({ authorization: `Bearer ${key}` })).statusCode).toBe(200);
    for (const url of ["/healthz", "/readyz", "/", "/docs", "/openapi.json"])
      expect((await call({}, url)).statusCode).toBe(200);

    const definition = { language: 1, name: "w", steps: [{ id: "a", uses: "noop" }] };
    await fixture.app.inject({
      method: "POST",
      url: "/api/v1/runs",
      payload: { workflow: definition, id: "r" },
      headers: { authorization: `Bearer ${KEY}` },
    });
    const [started] = await fixture.engine.events(LOCAL_CONTEXT, "r", 0, 1);
    expect(started?.event["principal"]).toMatch(/^key:[0-9a-f]{8}$/);
  });
});

describe("every route, however its address is spelt", () => {
  // Webhooks answer anybody whose signature fits (hooks.test.ts).
  const OPEN = ["/healthz", "/readyz", "/hooks/{path}"];

  it("refuses to answer without a key, and to pages of other origins", async () => {
    const security = { host: "127.0.0.1", port: 0, apiKeys: [KEY] };
    await using fixture = await serverFixture({
      security,
      demo: { kill: () => expect.unreachable(), failNext: () => expect.unreachable() },
    });
    const address = await fixture.listen();
    const paths = (await fixture.app.inject("/openapi.json")).json().paths as Paths;
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    );
    const kept = routes.filter(({ path }) => !OPEN.includes(path));
    expect(kept.length).toBeGreaterThan(20);
    for (const { method, path } of kept)
      for (const spelt of spellings(path.replaceAll(/\{\w+\}/g, "x"), address)) {
        const where = `${method} ${spelt}`;
        expect([where, await statusOf(address, method, spelt, {})]).toEqual([where, 401]);
        const foreign = { authorization: `Bearer ${KEY}`, origin: "https://evil.example" };
        expect([where, await statusOf(address, method, spelt, foreign)]).toEqual([where, 403]);
      }
  });

  type Paths = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

  function spellings(path: string, address: string): readonly string[] {
    const encoded = path.replace("/api/", "/%61p%69/");
    return [path, `${path}/`, encoded, `${address}${path}`, `${address}${encoded}`];
  }

  function statusOf(
    address: string,
    method: string,
    path: string,
    headers: Record<string, string>,
  ): Promise<number> {
    const { hostname, port } = new URL(address);
    return new Promise((resolve, reject) => {
      const call = request({ hostname, port, method, path, headers, agent: false }, (answer) => {
        answer.resume().once("end", () => resolve(answer.statusCode ?? 0));
      });
      call.once("error", reject).end();
    });
  }
});

describe("pages", () => {
  it("are served with a policy under which nothing else runs", async () => {
    await using fixture = await serverFixture();
    for (const url of ["/", "/docs"]) {
      const answer = await fixture.app.inject(url);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers["content-type"]).toContain("text/html");
      const policy = String(answer.headers["content-security-policy"]);
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain("unsafe");
      expect(answer.headers["x-content-type-options"]).toBe("nosniff");
      expect(answer.body).not.toMatch(/(src|href)="(https?:)?\/\//);
      const assets = [...answer.body.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)];
      expect(assets.length).toBeGreaterThan(0);
      for (const [, asset] of assets)
        expect((await fixture.app.inject(asset ?? "")).statusCode).toBe(200);
      const again = await fixture.app.inject({
        url,
        headers: { "if-none-match": String(answer.headers.etag) },
      });
      expect(again.statusCode).toBe(304);
    }
  });
});
