/**
 * Server-side request forgery: hostile URLs and hostile DNS answers. In every case a connection
 * would be seen: either the address is refused before a socket exists, or the test's server counts it.
 */
import { expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import { addressCheck } from "#nodes/http/address-rules.ts";
import type { ResolvedAddress } from "#nodes/http/client.ts";
import { defineHttpRequest, httpRequest } from "#nodes/http/request.ts";
import { nodeContext, strictHttp } from "../node-context.ts";
import { localServer } from "./local-server.ts";

const HOSTILE_HOSTS = [
  "127.0.0.1",
  "127.0.0.1.",
  "127.1",
  "127.255.255.254",
  "2130706433",
  "017700000001",
  "0x7f000001",
  "0x7f.1",
  "0177.0.0.1",
  "0x7F.0.0.0x1",
  "%31%32%37.0.0.1",
  "①②⑦.0.0.1",
  "127。0。0。1",
  "0.0.0.0",
  "0",
  "10.0.0.1",
  "10.1",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "3232235777",
  "169.254.169.254",
  "169.254.169.254.",
  "2852039166",
  "0xa9fea9fe",
  "0251.0376.0251.0376",
  "169.254.1.1",
  "100.64.0.1",
  "100.100.100.200",
  "192.0.0.192",
  "192.0.2.1",
  "198.18.0.1",
  "198.51.100.7",
  "203.0.113.9",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "[::1]",
  "[::]",
  "[0:0:0:0:0:0:0:1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[::ffff:a9fe:a9fe]",
  "[::127.0.0.1]",
  "[64:ff9b::127.0.0.1]",
  "[64:ff9b::a9fe:a9fe]",
  "[2002:7f00:1::]",
  "[2001:0:7f00:1::]",
  "[fe80::1]",
  "[fc00::1]",
  "[fd00:ec2::254]",
  "[fd12:3456::1]",
  "[fec0::1]",
  "[ff02::1]",
  "[100::1]",
  "[2001:db8::1]",
] as const;

it.each(HOSTILE_HOSTS)("refuses http://%s/", async (host) => {
  const result = await runAttempt(httpRequest, { url: `http://${host}:9/` }, nodeContext());
  expect(result).toMatchObject({ ok: false, error: { code: "http_blocked", retryable: false } });
});

it.each(["localhost", "LOCALHOST", "localhost."])("refuses the name %s", async (host) => {
  const result = await runAttempt(httpRequest, { url: `http://${host}:9/` }, nodeContext());
  expect(result).toMatchObject({ error: { code: "http_blocked" } });
});

it.each([
  "file:///etc/passwd",
  "gopher://example.com/",
  "ftp://example.com/",
  "data:,x",
  "javascript:1",
])("refuses the scheme of %s", async (url) => {
  const result = await runAttempt(httpRequest, { url }, nodeContext());
  expect(result).toMatchObject({ error: { code: "http_blocked" } });
});

function answering(...answers: readonly (readonly string[])[]) {
  let turn = 0;
  return async () => {
    const answer = answers[Math.min(turn, answers.length - 1)] ?? [];
    turn += 1;
    return answer.map(
      (address): ResolvedAddress => ({ address, family: address.includes(":") ? 6 : 4 }),
    );
  };
}

it.each([
  [["127.0.0.1"]],
  [["::1"]],
  [["::ffff:10.0.0.1"]],
  [["169.254.169.254"]],
  [["8.8.8.8", "127.0.0.1"]],
  [["127.0.0.1", "8.8.8.8"]],
  [["fe80::1%eth0"]],
  [["64:ff9b::10.0.0.1"]],
  [["168.63.129.16"]],
  [["not an address"]],
])("refuses a name that resolves to %j", async (addresses) => {
  const node = defineHttpRequest(answering(addresses));
  const result = await runAttempt(node, { url: "http://innocent.example/" }, nodeContext());
  expect(result).toMatchObject({
    error: { code: "http_blocked", message: expect.stringMatching(/innocent\.example/) },
  });
});

it("uses the very addresses it checked: a name that changes its answer is refused, not followed", async () => {
  await using server = await localServer((_, response) => {
    response.setHeader("connection", "close");
    response.end();
  });
  // The first answer is allowed and served; the next resolution points at a forbidden address.
  const node = defineHttpRequest(answering(["127.0.0.1"], ["127.0.0.9"]));
  const context = nodeContext({ http: { allowCidrs: ["127.0.0.1/32"] } });
  const url = `http://rebinding.example:${server.port}/`;
  expect(await runAttempt(node, { url }, context)).toMatchObject({ ok: true });
  expect(await runAttempt(node, { url }, context)).toMatchObject({
    error: { code: "http_blocked" },
  });
  expect(server.requests).toHaveLength(1);
});

it("resolves once per connection, so that there is no gap between check and use", async () => {
  let resolutions = 0;
  await using server = await localServer((_, response) => response.end());
  const node = defineHttpRequest(async () => {
    resolutions += 1;
    return [{ address: "127.0.0.1", family: 4 }];
  });
  const context = nodeContext({ http: { allowCidrs: ["127.0.0.1/32"] } });
  await runAttempt(node, { url: `http://once.example:${server.port}/` }, context);
  expect(resolutions).toBe(1);
});

it.each([
  ["http://127.0.0.9:9/", "http_blocked"],
  ["http://2130706441:9/", "http_blocked"],
  ["http://[::1]:9/", "http_blocked"],
  ["//169.254.169.254/latest/meta-data", "http_blocked"],
  ["file:///etc/passwd", "http_blocked"],
  ["http://denied.example/", "http_blocked"],
])("checks a redirect to %s again", async (location, code) => {
  await using server = await localServer((_, response) => {
    response.statusCode = 302;
    response.setHeader("location", location);
    response.end();
  });
  const context = nodeContext({
    http: { allowCidrs: ["127.0.0.1/32"], denyHosts: ["denied.example"] },
  });
  expect(await runAttempt(httpRequest, { url: server.url }, context)).toMatchObject({
    error: { code },
  });
});

it("gives up after the allowed number of redirects", async () => {
  await using server = await localServer((request, response) => {
    response.statusCode = 302;
    response.setHeader("location", `/${Number(request.url.slice(1)) + 1}`);
    response.end();
  });
  const context = nodeContext({ http: { allowCidrs: ["127.0.0.1/32"], redirectsMax: 3 } });
  const result = await runAttempt(httpRequest, { url: `${server.url}/0` }, context);
  expect(result).toMatchObject({ error: { code: "http_limit", details: { limit: "redirects" } } });
  expect(server.requests).toHaveLength(4);
});

it("takes credentials to the same origin only, and turns POST into GET where browsers do", async () => {
  await using other = await localServer((_, response) => response.end());
  await using server = await localServer((request, response) => {
    response.statusCode = request.url === "/first" ? 307 : 303;
    response.setHeader("location", request.url === "/first" ? "/second" : `${other.url}/third`);
    response.end();
  });
  await runAttempt(
    httpRequest,
    {
      url: `${server.url}/first`,
      method: "POST",
      body: { a: 1 },
      auth: { type: "bearer", token: "t" },
      headers: { "X-Api-Key": "k", cookie: "c=1", "accept-language": "de" },
      idempotencyHeader: true,
    },
    nodeContext({ http: { allowCidrs: ["127.0.0.1/32"] } }),
  );
  expect(server.requests[1]).toMatchObject({
    method: "POST",
    body: '{"a":1}',
    headers: { authorization: "Bearer t", "x-api-key": "k" },
  });
  const [third] = other.requests;
  expect(third).toMatchObject({ method: "GET", body: "", headers: { "accept-language": "de" } });
  for (const name of ["authorization", "cookie", "x-api-key", "idempotency-key", "content-type"])
    expect(third?.headers[name]).toBeUndefined();
});

it.each([
  ["shop.example", "shop.example", true],
  ["SHOP.example.", "shop.example", true],
  ["a.shop.example", "shop.example", false],
  ["a.shop.example", ".shop.example", true],
  ["shop.example", ".shop.example", true],
  ["evilshop.example", ".shop.example", false],
])("host %s with the list entry %s: allowed %s", async (host, rule, isListed) => {
  const node = defineHttpRequest(answering(["127.0.0.9"]));
  const url = `http://${host}/`;
  // The address is refused in any case; the message tells which rule spoke first.
  const allow = await runAttempt(node, { url }, nodeContext({ http: { allowHosts: [rule] } }));
  expect(allow).toMatchObject({
    error: { message: expect.stringMatching(isListed ? /loopback/ : /list of allowed hosts/) },
  });
  const deny = await runAttempt(node, { url }, nodeContext({ http: { denyHosts: [rule] } }));
  expect(deny).toMatchObject({
    error: { message: expect.stringMatching(isListed ? /operator denies/ : /loopback/) },
  });
});

it("opens private addresses to an operator who says so, metadata only by block", () => {
  const open = addressCheck({ ...strictHttp, allowPrivate: true });
  expect(open("10.0.0.1")).toBeNull();
  expect(open("::ffff:127.0.0.1")).toBeNull();
  expect(open("169.254.169.254")).toMatch(/metadata/);
  expect(open("fd00:ec2::254")).toMatch(/metadata/);
  for (const tunnel of ["2002:a9fe:a9fe::", "::ffff:0:a9fe:a9fe", "64:ff9b:1::a9fe:a9fe"])
    expect(open(tunnel)).not.toBeNull();
  const block = addressCheck({ ...strictHttp, allowCidrs: ["169.254.169.254/32", "fd00::/8"] });
  expect(block("::ffff:169.254.169.254")).toBeNull();
  expect(block("fd00:ec2::254")).toBeNull();
  expect(block("10.0.0.1")).toMatch(/private/);
  for (const open of ["8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8"])
    expect(addressCheck(strictHttp)(open)).toBeNull();
  expect(() => addressCheck({ ...strictHttp, allowCidrs: ["10.0.0.0"] })).toThrow(/CIDR/);
});
