/** Every failure is a problem document with a stable code, and never says more than it should. */
import { describe, expect, it } from "vitest";
import { ERRORS, type ErrorCode, LockstitchError } from "#errors/errors.ts";
import { serverFixture } from "./server-fixture.ts";

describe("problems", () => {
  it.each([
    ["GET", "/api/v1/nothing", undefined, undefined, 404, "not_found"],
    [
      "POST",
      "/api/v1/runs",
      "application/x-www-form-urlencoded",
      "a=1",
      415,
      "unsupported_media_type",
    ],
    ["POST", "/api/v1/runs", "text/plain", "{}", 415, "unsupported_media_type"],
    ["POST", "/api/v1/runs", "application/json", "{", 400, "request_invalid"],
    ["POST", "/api/v1/runs", "application/json", '{"__proto__":{}}', 400, "request_invalid"],
    ["POST", "/api/v1/runs", undefined, undefined, 400, "request_invalid"],
    ["PUT", "/api/v1/workflows/x", "text/html", "<p>", 415, "unsupported_media_type"],
    ["GET", "/api/v1/runs/%ZZ", undefined, undefined, 400, "request_invalid"],
    ["PUT", "/api/v1/nothing", undefined, undefined, 404, "not_found"],
    ["PUT", "/api/v1/runs", undefined, undefined, 405, "method_not_allowed"],
    ["POST", "/api/v1/demo/kill", undefined, undefined, 404, "not_found"],
  ] as const)("%s %s as %s %s", async (method, url, type, payload, status, code) => {
    await using fixture = await serverFixture();
    const answer = await fixture.app.inject({
      method,
      url,
      ...(payload === undefined ? {} : { payload }),
      ...(type === undefined ? {} : { headers: { "content-type": type } }),
    });
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.json()).toMatchObject({ status, code, type: expect.stringContaining(code) });
    expect(answer.statusCode).toBe(status);
    expect(answer.json().requestId).toBe(answer.headers["x-request-id"]);
  });

  it.each([
    ["PUT", "/api/v1/runs?limit=1", "GET, HEAD, POST"],
    ["DELETE", "/api/v1/runs/", "GET, HEAD, POST"],
    ["PATCH", "/api/v1/runs/some%2Frun/pause", "POST"],
    ["DELETE", "/api/v1/workflows/orders", "GET, HEAD, PUT"],
    ["POST", "/", "GET, HEAD"],
    ["POST", "/openapi.json", "GET, HEAD"],
  ] as const)("%s %s is answered with what the address takes", async (method, url, allow) => {
    await using fixture = await serverFixture();
    const answer = await fixture.app.inject({ method, url });
    expect([answer.statusCode, answer.headers["allow"]]).toEqual([405, allow]);
    expect(answer.json().detail).toContain(`takes ${allow}, not ${method}`);
  });

  it.each(["0x10", "1e1", "%205", "5.0", "", "+5", "1&limit=2", "99999999999999999999"])(
    "refuses ?limit=%s: numbers are decimal digits",
    async (limit) => {
      await using fixture = await serverFixture();
      for (const path of ["runs", "workflows", "memos", "values", "runs/r/events", "runs/r/logs"]) {
        const answer = await fixture.app.inject(`/api/v1/${path}?limit=${limit}`);
        expect([path, answer.statusCode, answer.json().code]).toEqual([
          path,
          400,
          "request_invalid",
        ]);
        expect(answer.json().detail).toMatch(/limit/);
      }
      expect((await fixture.app.inject("/api/v1/runs?limit=10")).statusCode).toBe(200);
    },
  );

  it("refuses a body over 10 MiB", async () => {
    await using fixture = await serverFixture();
    const answer = await fixture.app.inject({
      method: "POST",
      url: "/api/v1/runs",
      payload: JSON.stringify({ workflow: "x".repeat(10 * 1024 * 1024) }),
      headers: { "content-type": "application/json" },
    });
    expect([answer.statusCode, answer.json().code]).toEqual([413, "payload_too_large"]);
  });

  it("answers each code of the table with its status, Retry-After where waiting helps", async () => {
    await using fixture = await serverFixture();
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      fixture.engine.failure = new LockstitchError(code, "what happened", { details: { a: 1 } });
      const answer = await fixture.app.inject("/api/v1/runs/r");
      expect(answer.statusCode).toBe(ERRORS[code].httpStatus);
      expect(answer.json()).toMatchObject({ code, detail: "what happened", details: { a: 1 } });
      const waits = [429, 503].includes(answer.statusCode);
      expect([code, answer.headers["retry-after"] !== undefined]).toEqual([code, waits]);
    }
  });

  it("keeps an unexpected failure's cause in the log", async () => {
    await using fixture = await serverFixture();
    fixture.engine.failure = new Error("canary in the code");
    const answer = await fixture.app.inject({
      url: "/api/v1/runs/r",
      headers: { "x-request-id": "mine-1" },
    });
    expect(answer.statusCode).toBe(500);
    expect(answer.json().code).toBe("internal");
    expect(answer.body).not.toContain("canary");
    expect(answer.headers["x-request-id"]).toBe("mine-1");
    expect(fixture.log).toMatchObject([{ level: "error", fields: { requestId: "mine-1" } }]);
    expect(fixture.log[0]?.fields["error"]).toContain("canary");
  });

  it("makes up a request id when the caller's is no decent one", async () => {
    await using fixture = await serverFixture();
    const answer = await fixture.app.inject({
      url: "/healthz",
      headers: { "x-request-id": "a b\tc" },
    });
    expect(answer.headers["x-request-id"]).toMatch(/^[\w-]+$/);
  });
});
