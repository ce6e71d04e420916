/** What is no request, or asks for headers alone: answered on real sockets, and the socket is free again. */
import { connect } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { expect, it } from "vitest";
import { serverFixture } from "./server-fixture.ts";

async function sent(address: string, text: string): Promise<string> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  socket.end(text);
  return await textOf(socket);
}

it.each([
  ["that is too long", `GET /?${"a".repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`, 431],
  ["that is no HTTP", "HELLO\r\n\r\n", 400],
])("a request %s is answered with a problem document", async (_, text, status) => {
  await using fixture = await serverFixture();
  const answer = await sent(await fixture.listen(), text);
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(head).toContain("content-type: application/problem+json");
  expect(head).toContain("x-content-type-options: nosniff");
  expect(JSON.parse(body)).toMatchObject({ status, code: "request_invalid" });
});

it("a request that never ends is not waited for for ever", async () => {
  await using fixture = await serverFixture();
  expect(fixture.app.server.requestTimeout).toBe(300_000);
  expect(fixture.app.server.headersTimeout).toBe(60_000);
});

it.each(["/api/v1/stream", "/healthz"])("HEAD %s leaves the connection free", async (path) => {
  await using fixture = await serverFixture();
  const answers = await sent(
    await fixture.listen(),
    `HEAD ${path} HTTP/1.1\r\nhost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
  );
  expect(answers.match(/^HTTP\/1.1 200 OK\r$/gm)).toHaveLength(2);
  expect(answers).toMatch(/\{"status":"ok"\}$/);
});
