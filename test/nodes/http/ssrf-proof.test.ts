/**
 * The proof that no node type which takes an address from a workflow reaches an address that it may
 * not: hostile URLs, answers of a real DNS server and redirects, for each of them; and that the
 * allowed ones do get through. A listener on the loopback address, at the very ports that the
 * hostile URLs name, sees every socket that is opened.
 */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import type { NodeDefinition } from "#nodes/define-node.ts";
import { effectNodes } from "#nodes/effect-nodes.ts";
import type { Resolve } from "#nodes/http/client.ts";
import { resolveBySystem } from "#nodes/http/client.ts";
import { definePaginate } from "#nodes/http/paginate.ts";
import { defineHttpRequest } from "#nodes/http/request.ts";
import { defineWebhookSend } from "#nodes/webhook/webhook-send.ts";
import { nodeContext } from "../node-context.ts";
import { type DnsServer, dnsServer, type Zone } from "./dns-server.ts";
import { localServer } from "./local-server.ts";

/** Everything that opens a connection to an address that a workflow gives. */
const CALLERS: readonly {
  readonly name: string;
  make(resolve: Resolve): NodeDefinition;
  config(url: string): Record<string, unknown>;
}[] = [
  { name: "http.request", make: defineHttpRequest, config: (url) => ({ url }) },
  {
    name: "http.request for a token",
    make: defineHttpRequest,
    config: (tokenUrl) => ({
      url: "http://8.8.8.8:9/",
      auth: { type: "oauth2", tokenUrl, clientId: "c", clientSecret: "secret" },
    }),
  },
  {
    name: "http.paginate",
    make: definePaginate,
    config: (url) => ({ url, strategy: { type: "page" }, pageRetry: { attempts: 1 } }),
  },
  {
    name: "webhook.send",
    make: (resolve) => defineWebhookSend(resolve, Date.now),
    config: (url) => ({ url, payload: 1, secrets: "a-signing-key-of-the-test" }),
  },
];

/** Hosts that stand for loopback in some spelling: a socket to one of them would be seen. */
const LOOPBACK_HOSTS = [
  ...["127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.000.000.001", "2130706433"],
  ...["017700000001", "0x7f000001", "0x7f.1", "0x7f.0x0.0x0.0x1", "0177.0.0.1", "0177.0.0.01"],
  ...["0x7F.0.0.0x1", "127.0.0.0x1", "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "①②⑦.⓪.⓪.①"],
  ...[
    "１２７.０.０.１",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "0",
    "0.0.0.0",
    "0x0",
    "00.00",
  ],
  ...["localhost", "LOCALHOST", "localhost.", "ⓛocalhost", "loc\u00adalhost"],
  ...["[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::0.0.0.1]"],
  ...["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:0001]", "[0:0:0:0:0:ffff:127.0.0.1]"],
  ...["[::127.0.0.1]", "[::7f00:1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]"],
  ...["[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:7f00:0001::1]"],
  ...["[2001:0:7f00:1::]", "[2001:0:1:2:3:4:80ff:fffe]", "[2001::1]"],
];

/** Private, link-local, metadata and reserved addresses: nobody must even try. */
const OTHER_HOSTS = [
  ...["10.0.0.1", "10.1", "167772161", "0xa000001", "012.0.0.1", "10.255.255.255"],
  ...["172.16.0.1", "172.31.255.255", "192.168.1.1", "192.168.257", "3232235777", "0xc0a80101"],
  ...["169.254.169.254", "169.254.169.254.", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376"],
  ...["169.254.43518", "169.254.170.2", "169.254.1.1", "[::ffff:169.254.169.254]"],
  ...["[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[fd00:ec2::254]"],
  ...["[fd00:0ec2:0:0:0:0:0:0254]", "[fd20:ce::254]", "168.63.129.16", "100.100.100.200"],
  ...["192.0.0.192", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1"],
  ...["198.19.255.255", "198.51.100.7", "203.0.113.9", "192.88.99.1", "224.0.0.1", "239.1.2.3"],
  ...["240.0.0.1", "255.255.255.255", "[fe80::1]", "[febf::1]", "[fec0::1]", "[fc00::1]"],
  ...["[fdff::1]", "[ff02::1]", "[ff0e::1]", "[100::1]", "[2001:db8::1]", "[2001:2::1]"],
  ...["[2001:10::1]", "[3fff::1]", "[5f00::1]"],
];

/** Whole URLs whose trick is elsewhere than in the address. `PORT` is the listener's. */
const TRICKY_URLS = [
  ...["http://user@127.0.0.1:PORT/", "http://user:pass@127.0.0.1:PORT/"],
  ...["http://example.com@127.0.0.1:PORT/", "http://example.com%40127.0.0.1:PORT@127.0.0.1:PORT/"],
  ...["http://127.0.0.1:PORT#@example.com/", "http://127.0.0.1:PORT?@example.com/"],
  ...["http://127.0.0.1:PORT\\@example.com/", "http:\\\\127.0.0.1:PORT\\", "http:127.0.0.1:PORT/"],
  ...["http:/127.0.0.1:PORT/", "http:////127.0.0.1:PORT/", "  http://127.0.0.1:PORT/"],
  ...["ht\ttp://127.0.\n0.1:PORT/", "http://127.0.0.1:0PORT/", "HTTP://127.0.0.1:PORT/"],
  ...["https://127.0.0.1:PORT/", "http://[::1%25lo]:PORT/", "http://[::1%lo]:PORT/"],
  ...["http://127.0.0.1 :PORT/", "http://127.0.0.1:PORT:80/", "//127.0.0.1:PORT/"],
  ...[
    "file:///etc/passwd",
    "gopher://127.0.0.1:PORT/",
    "ftp://127.0.0.1:PORT/",
    "ws://127.0.0.1:PORT/",
  ],
  ...[
    "data:text/plain,x",
    "javascript:1",
    "unix:/var/run/docker.sock",
    "http+unix://%2Fvar%2Frun/",
  ],
  ...["blob:http://127.0.0.1:PORT/x", "view-source:http://127.0.0.1:PORT/", "about:blank", ""],
];

/** Names by the answers of a real DNS server. */
const ZONE: Zone = {
  "loop.example": [["127.0.0.1"]],
  "loop6.example": [["::1"]],
  "mapped.example": [["::ffff:127.0.0.1"]],
  "compatible.example": [["::127.0.0.1"]],
  "nat64.example": [["64:ff9b::127.0.0.1"]],
  "6to4.example": [["2002:7f00:1::"]],
  "teredo.example": [["2001:0:7f00:1::"]],
  "zero.example": [["0.0.0.0"]],
  "private.example": [["10.0.0.1"]],
  "metadata.example": [["169.254.169.254"]],
  "metadata6.example": [["fd00:ec2::254"]],
  "metadata.google.internal": [["169.254.169.254"]],
  "mixed.example": [["8.8.8.8", "127.0.0.1"]],
  "mixed-first.example": [["127.0.0.1", "8.8.8.8"]],
  "mixed-families.example": [["8.8.8.8", "::1"]],
  "mixed-six.example": [["2606:4700::1111", "127.0.0.1"]],
  "many.example": [["8.8.8.8", "8.8.4.4", "1.1.1.1", "9.9.9.9", "192.168.0.1"]],
  "alias.example": [["-> loop.example"]],
  "chain.example": [["-> chain-2.example"]],
  "chain-2.example": [["-> chain-3.example"]],
  "chain-3.example": [["-> mixed.example"]],
  "alias-metadata.example": [["-> metadata.google.internal"]],
  "alias-six.example": [["-> loop6.example"]],
  // The first answer is public, the next one is not: there must be no second question.
  "rebinding.example": [["8.8.8.8"], ["127.0.0.1"]],
  "ends-nowhere.example": [["-> nowhere.example"]],
  "circle.example": [["-> circle.example"]],
};

const REBINDING = "rebinding.example";
const UNRESOLVABLE = ["ends-nowhere.example", "circle.example", "nowhere.example"];

const proof = { refused: 0, allowed: 0 };

describe("server-side request forgery", () => {
  let listener: Server;
  let port: number;
  let dns: DnsServer;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    // Both families, all addresses: whatever form of loopback is called, it arrives here.
    listener = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => {});
      socket.destroy();
    }).listen(0, "::");
    await once(listener, "listening");
    port = (listener.address() as { readonly port: number }).port;
    dns = await dnsServer(ZONE);
  });

  afterAll(async () => {
    listener.close();
    await once(listener, "close");
    await dns[Symbol.asyncDispose]();
    process.stdout.write(
      `SSRF: ${proof.refused} hostile calls refused, none got through; ${proof.allowed} allowed ones did\n`,
    );
  });

  async function attempt(
    caller: (typeof CALLERS)[number],
    url: string,
    resolve: Resolve,
    http: Parameters<typeof nodeContext>[0] = {},
  ) {
    const context = nodeContext({ http: { timeoutMs: 2_000 }, ...http });
    return await runAttempt(caller.make(resolve), caller.config(url), context);
  }

  async function refuses(
    caller: (typeof CALLERS)[number],
    url: string,
    resolve: Resolve,
    codes: readonly string[],
  ): Promise<void> {
    const result = await attempt(caller, url, resolve);
    expect({ url, ok: result.ok }).toEqual({ url, ok: false });
    if (result.ok) return;
    expect(codes, `${url}: ${result.error.code} ${result.error.message}`).toContain(
      result.error.code,
    );
    proof.refused += 1;
  }

  describe.each(CALLERS)("$name", (caller) => {
    it(`refuses ${LOOPBACK_HOSTS.length} spellings of loopback`, async () => {
      for (const host of LOOPBACK_HOSTS)
        await refuses(caller, `http://${host}:${port}/`, resolveBySystem, ["http_blocked"]);
      expect(sockets).toHaveLength(0);
    });

    it(`refuses ${OTHER_HOSTS.length} private, metadata and reserved addresses`, async () => {
      for (const host of OTHER_HOSTS)
        await refuses(caller, `http://${host}:${port}/`, resolveBySystem, ["http_blocked"]);
    });

    it(`refuses ${TRICKY_URLS.length} URLs that pretend`, async () => {
      for (const text of TRICKY_URLS)
        await refuses(caller, text.replaceAll("PORT", String(port)), resolveBySystem, [
          "http_blocked",
          "config_invalid",
        ]);
      expect(sockets).toHaveLength(0);
    });

    it(`refuses ${Object.keys(ZONE).length - 3} names by what a DNS server answers`, async () => {
      for (const name of Object.keys(ZONE)) {
        if (name === REBINDING || UNRESOLVABLE.includes(name)) continue;
        await refuses(caller, `http://${name}:${port}/`, dns.resolve, ["http_blocked"]);
        await refuses(caller, `http://${name.toUpperCase()}.:${port}/`, dns.resolve, [
          "http_blocked",
        ]);
      }
      for (const name of UNRESOLVABLE)
        await refuses(caller, `http://${name}:${port}/`, dns.resolve, ["connection_failed"]);
      expect(sockets).toHaveLength(0);
    });

    it("asks once for a name, so that a second answer cannot lead elsewhere", async () => {
      let asked = 0;
      const resolve: Resolve = async () => {
        asked += 1;
        return [{ address: asked === 1 ? "192.0.0.8" : "127.0.0.1", family: 4 }];
      };
      await refuses(caller, `http://${REBINDING}:${port}/`, resolve, ["http_blocked"]);
      expect(asked).toBe(1);
      expect(sockets).toHaveLength(0);
    });

    // Only Linux has all of 127.0.0.0/8: the server is at an address that no hostile URL names.
    it.skipIf(process.platform !== "linux")(
      "refuses redirects to where it may not go, from a server that it may call",
      async () => {
        const targets = [...LOOPBACK_HOSTS, ...OTHER_HOSTS];
        let target = "";
        await using server = await localServer((_, response) => {
          response.writeHead(307, { location: target }).end();
        }, "127.0.0.77");
        for (const host of targets) {
          target = `http://${host.replace(/[^ -~]/gu, encodeURIComponent)}:${port}/`;
          const context = { http: { allowCidrs: ["127.0.0.77/32"], timeoutMs: 2_000 } };
          const result = await attempt(caller, server.url, resolveBySystem, context);
          // Who does not follow redirects takes one for a failure of its own.
          expect({ host, ok: result.ok }).toEqual({ host, ok: false });
          if (result.ok) continue;
          expect(["http_blocked", "http.307", "auth_failed"]).toContain(result.error.code);
          proof.refused += 1;
        }
        expect(sockets).toHaveLength(0);
        expect(server.requests.length).toBeGreaterThanOrEqual(targets.length);
      },
    );

    it("asks no proxy of the environment", async () => {
      await using proxy = await localServer((_, response) => response.end("{}"));
      const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
      const before = names.map((name) => process.env[name]);
      for (const name of names) process.env[name] = proxy.url;
      process.env["NODE_USE_ENV_PROXY"] = "1";
      try {
        await refuses(caller, `http://127.0.0.1:${port}/`, resolveBySystem, ["http_blocked"]);
        await refuses(caller, `http://metadata.example:${port}/`, dns.resolve, ["http_blocked"]);
      } finally {
        delete process.env["NODE_USE_ENV_PROXY"];
        for (const [at, name] of names.entries()) {
          const value = before[at];
          if (value === undefined) delete process.env[name];
          else process.env[name] = value;
        }
      }
      expect(proxy.requests).toHaveLength(0);
    });

    it("does get through to what is allowed", async () => {
      let asked = 0;
      await using server = await localServer((request, response) => {
        asked += 1;
        response.setHeader("content-type", "application/json");
        const isToken = request.body.startsWith("grant_type");
        response.end(isToken ? '{"access_token":"t","expires_in":1}' : "[]");
      });
      const http = { http: { allowCidrs: ["127.0.0.1/32"], timeoutMs: 5_000 } };
      const local = await dnsServer({
        "shop.example": [["-> inner.example"]],
        "inner.example": [["127.0.0.1"]],
      });
      for (const url of [
        server.url,
        `http://2130706433:${server.port}/`,
        `http://[::ffff:127.0.0.1]:${server.port}/`,
        `http://shop.example:${server.port}/`,
      ]) {
        const before = asked;
        const config = caller.config(url);
        // The call that needs a token goes where the token comes from.
        if ("auth" in config) config["url"] = url;
        const result = await runAttempt(
          caller.make(local.resolve),
          config,
          nodeContext({ ...http }),
        );
        const fault = result.ok ? "" : result.error.message;
        expect({ url, fault }).toEqual({ url, fault: "" });
        expect(asked).toBeGreaterThan(before);
        proof.allowed += 1;
      }
      await local[Symbol.asyncDispose]();
    });
  });

  it("has a place for every node type that calls over HTTP", () => {
    const takingUrls = effectNodes
      .filter(({ config }) =>
        config.safeParse({ url: 5 }).error?.issues.some(({ path }) => path[0] === "url"),
      )
      .map(({ type }) => type);
    const proved = new Set(CALLERS.map(({ name }) => name.split(" ")[0]));
    expect(takingUrls.filter((type) => !proved.has(type))).toEqual([]);
    expect(takingUrls).toHaveLength(3);
  });

  it("has seen at least 60 different hostile addresses and answers", () => {
    const all = [...LOOPBACK_HOSTS, ...OTHER_HOSTS, ...TRICKY_URLS, ...Object.keys(ZONE)];
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBeGreaterThanOrEqual(60);
    expect(proof.refused).toBeGreaterThanOrEqual(60 * CALLERS.length);
  });
});
