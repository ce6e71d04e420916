/**
 * What a plugin's process can reach: it tries everything from inside, with real listeners, files and
 * processes outside that would notice. Each attempt is seen to succeed without the walls, so that
 * the test would notice if one did nothing.
 */
import { type StdioOptions, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { canSeal, onePlugin, pluginText, write } from "./plugin-fixture.ts";

/** Each gives something when it got through, and throws when it was held. */
const ATTEMPTS: Readonly<Record<string, string>> = {
  "read a file": `return (await import("node:fs")).readFileSync(t.file, "utf8")`,
  "read a file, promise": `return await (await import("node:fs/promises")).readFile(t.file, "utf8")`,
  "list a folder": `return (await import("node:fs")).readdirSync(t.folder)`,
  "write a file": `(await import("node:fs")).writeFileSync(t.written, "x"); return 1`,
  "make a link": `(await import("node:fs")).symlinkSync(t.file, t.own + "/link"); return (await import("node:fs")).readFileSync(t.own + "/link", "utf8")`,
  "change its own code": `(await import("node:fs")).appendFileSync(t.own + "/plugin.ts", "//"); return 1`,
  "change the host's code": `(await import("node:fs")).appendFileSync(t.source, "//"); return 1`,
  "read /proc": `return (await import("node:fs")).readFileSync("/proc/" + t.pid + "/environ", "utf8")`,
  "import a file": `return Object.keys(await import(t.file))`,
  "open a database": `const { DatabaseSync } = await import("node:sqlite"); new DatabaseSync(t.written).exec("create table a (b)"); return 1`,
  "start a program": `return (await import("node:child_process")).execFileSync("/bin/echo", ["x"]).toString()`,
  fork: `return (await import("node:child_process")).fork(t.own + "/plugin.ts").pid`,
  "become a program": `process.execve("/bin/echo", ["echo", "x"], {}); return 1`,
  "start a thread": `const { Worker } = await import("node:worker_threads"); const w = new Worker("1", { eval: true }); await new Promise((ok, no) => { w.on("exit", ok); w.on("error", no); }); return 1`,
  "load an addon": `process.dlopen({ exports: {} }, t.addon); return 1`,
  "make a WASI": `const { WASI } = await import("node:wasi"); new WASI({ version: "preview1" }); return 1`,
  "open the inspector": `const i = await import("node:inspector"); i.open(0); return i.url()`,
  "inspect itself": `const { Session } = await import("node:inspector"); new Session().connect(); return 1`,
  "use process.binding": `return Object.keys(process.binding("tcp_wrap"))`,
  "write a report": `return process.report.writeReport(t.written)`,
  "take a heap snapshot": `return (await import("node:v8")).writeHeapSnapshot(t.written)`,
  "connect by TCP": `const { connect } = await import("node:net"); return await new Promise((ok, no) => connect(t.port, "127.0.0.1", () => ok(1)).on("error", no))`,
  "connect by IPv6": `const { connect } = await import("node:net"); return await new Promise((ok, no) => connect(t.port6, "::1", () => ok(1)).on("error", no))`,
  "connect by TLS": `const { connect } = await import("node:tls"); return await new Promise((ok, no) => connect({ port: t.port, host: "127.0.0.1" }).on("connect", () => ok(1)).on("error", no))`,
  "connect to a socket file": `const { connect } = await import("node:net"); return await new Promise((ok, no) => connect(t.socket, () => ok(1)).on("error", no))`,
  "connect to an abstract socket": `const { connect } = await import("node:net"); return await new Promise((ok, no) => connect(t.abstract, () => ok(1)).on("error", no))`,
  "send by UDP": `const s = (await import("node:dgram")).createSocket("udp4"); return await new Promise((ok, no) => s.send("x", t.udp, "127.0.0.1", (e) => e ? no(e) : ok(1)))`,
  fetch: `return (await fetch("http://127.0.0.1:" + t.port)).status`,
  "http.get": `const { get } = await import("node:http"); return await new Promise((ok, no) => get("http://127.0.0.1:" + t.port, (r) => ok(r.statusCode)).on("error", no))`,
  http2: `const { connect } = await import("node:http2"); return await new Promise((ok, no) => { const c = connect("http://127.0.0.1:" + t.port); c.on("connect", () => ok(1)); c.on("error", no); })`,
  // Its error says the same in both cases: the listener outside knows.
  WebSocket: `return await new Promise((ok, no) => { const w = new WebSocket("ws://127.0.0.1:" + t.port); w.onopen = () => ok(1); w.onerror = () => no(new Error("no connection")); })`,
  "ask a name server": `const { Resolver } = await import("node:dns/promises"); const r = new Resolver({ timeout: 300, tries: 1 }); r.setServers(["127.0.0.1:" + t.udp]); return await r.resolve4("example.com")`,
  "listen for others": `const { createServer } = await import("node:net"); const s = createServer().listen(t.free, "127.0.0.1"); await new Promise((ok, no) => s.on("listening", ok).on("error", no)); return "listens"`,
  "make a socket file": `const { createServer } = await import("node:net"); const s = createServer().listen(t.own + "-made"); await new Promise((ok, no) => s.on("listening", ok).on("error", no)); return "made"`,
  "signal the host": `process.kill(t.pid, 0); return 1`,
  "open the host's inspector": `process._debugProcess(t.pid); return 1`,
  "read the environment": `if (Object.keys(process.env).length > 0) return Object.keys(process.env); throw new Error("empty")`,
};

const BODY = `const t = config.target;
const attempts = { ${Object.entries(ATTEMPTS)
  .map(([name, text]) => `${JSON.stringify(name)}: async () => { ${text} }`)
  .join(",\n")} };
const outcomes = {};
const late = () => new Promise((_, no) => setTimeout(() => no(new Error("nothing happened")), 2000).unref());
for (const [name, attempt] of Object.entries(attempts))
  outcomes[name] = await Promise.race([attempt(), late()]).then((got) => "THROUGH: " + JSON.stringify(got), (error) => "held: " + (error.code ?? "") + " " + error.message);
return outcomes;`;

/** Another process of the same user. Who sends it SIGUSR1 would open its inspector if it did not listen. */
const NEIGHBOUR = `process.on("SIGUSR1", () => process.stdout.write("signal"));
process.stdout.write("up"); setInterval(() => {}, 60_000);`;

async function world(folder: string) {
  const heard: string[] = [];
  const servers: Server[] = [];
  const listen = async (at: object) => {
    const server = createServer((socket) => {
      heard.push("tcp");
      socket.on("error", () => {}).resume();
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    servers.push(server);
    server.listen(at);
    await once(server, "listening");
    return server.address();
  };
  const tcp = (await listen({ port: 0, host: "127.0.0.1" })) as { port: number };
  const tcp6 = (await listen({ port: 0, host: "::1" })) as { port: number };
  await listen({ path: join(folder, "socket") });
  await listen({ path: `\0lockstitch-${process.pid}` });
  const neighbour = spawn(process.execPath, ["-e", NEIGHBOUR], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [up] = await once(neighbour.stdout, "data");
  expect(String(up)).toBe("up");
  neighbour.stdout.on("data", (said) => heard.push(String(said)));
  const udp = createSocket("udp4").on("message", () => heard.push("udp"));
  udp.bind(0, "127.0.0.1");
  await once(udp, "listening");
  writeFileSync(join(folder, "secret.mjs"), "export const canary = 1;\n");
  return {
    heard,
    signalled: () => (heard.includes("signal") ? null : once(neighbour.stdout, "data")),
    target: {
      ...{ file: join(folder, "secret.mjs"), folder, written: join(folder, "written") },
      ...{ own: join(folder, "probe"), source: join(process.cwd(), "src", "main.ts") },
      ...{
        addon: join(folder, "addon.node"),
        pid: neighbour.pid,
        port: tcp.port,
        port6: tcp6.port,
      },
      ...{ socket: join(folder, "socket"), abstract: `\0lockstitch-${process.pid}` },
      ...{ udp: udp.address().port, free: 0 },
    },
    async [Symbol.asyncDispose]() {
      neighbour.kill("SIGKILL");
      udp.close();
      await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
    },
  };
}

test.skipIf(!canSeal)("a sealed plugin gets through to nothing outside", async () => {
  await using directory = await temporaryDirectory();
  await using outside = await world(directory.path);
  const codeBefore = readFileSync(outside.target.source, "utf8");
  await using found = await onePlugin(BODY, {}, { environment: { SECRET: "canary" } });
  const target = { ...outside.target, own: join(found.folder, "probe") };
  const result = await found.run("probe.run", { target });

  if (!result.ok) throw new Error(result.error.message);
  const outcomes = result.output as Record<string, string>;
  const through = Object.entries(outcomes).filter(([, outcome]) => !outcome.startsWith("held: "));
  // In a namespace without an interface anybody may listen: there is nobody to hear.
  expect(Object.fromEntries(through)).toEqual({ "listen for others": 'THROUGH: "listens"' });
  expect(Object.keys(outcomes)).toEqual(Object.keys(ATTEMPTS));
  expect(outside.heard).toEqual([]);
  expect(existsSync(target.written)).toBe(false);
  expect(existsSync(`${target.own}-made`)).toBe(false);
  expect(outcomes["make a socket file"]).toContain("EROFS");
  expect(readFileSync(target.source, "utf8")).toBe(codeBefore);
  expect(found.book.health()[0]).toMatchObject({ state: "running", restarts: 0 });
});

test("the same attempts get through Node's permission model alone where it has no say", async () => {
  await using directory = await temporaryDirectory();
  await using outside = await world(directory.path);
  await using found = await onePlugin(BODY, { sealed: false });
  const harmless = { ...outside.target, own: join(found.folder, "probe") };
  const result = await found.run("probe.run", { target: harmless });

  if (!result.ok) throw new Error(result.error.message);
  await outside.signalled();
  expect(new Set(outside.heard)).toEqual(new Set(["tcp", "udp", "signal"]));
  const through = Object.entries(result.output as Record<string, string>)
    .filter(([, outcome]) => outcome.startsWith("THROUGH"))
    .map(([name]) => name);
  expect(through.toSorted()).toEqual(
    [
      ...["connect by TCP", "connect by IPv6", "connect by TLS", "connect to a socket file"],
      ...["connect to an abstract socket", "send by UDP", "fetch", "http.get", "http2"],
      ...[
        "make a socket file",
        "listen for others",
        "signal the host",
        "open the host's inspector",
      ],
    ].toSorted(),
  );
});

test.skipIf(!canSeal)("a granted folder is there, as it was granted", async () => {
  await using found = await onePlugin(
    `const fs = await import("node:fs");
     const { createServer } = await import("node:net");
     // Node's model asks nothing of a socket file: the mount alone says no.
     const listen = (path) => new Promise((done) => { const s = createServer().listen(path); s.on("listening", () => { s.close(); done("listens"); }).on("error", (error) => done(error.code)); });
     const tried = (work) => { try { return work(); } catch (error) { return error.code; } };
     return {
       read: tried(() => fs.readFileSync(config.root + "/in/a.txt", "utf8")),
       writeRead: tried(() => fs.writeFileSync(config.root + "/in/b.txt", "x")),
       write: tried(() => { fs.writeFileSync(config.root + "/out/b.txt", "x"); return fs.readFileSync(config.root + "/out/b.txt", "utf8"); }),
       link: tried(() => fs.readFileSync(config.root + "/in/link", "utf8")),
       readSocket: await listen(config.root + "/in/socket"),
       writeSocket: await listen(config.root + "/out/socket"),
       above: tried(() => fs.readdirSync(config.root)),
       environment: { ...process.env },
     };`,
    {
      allow: { folders: { read: ["in"], write: ["out"] }, environment: ["GIVEN", "MISSING"] },
    },
    {
      permissions: {
        folders: { read: ["in"], write: ["out"] },
        environment: ["GIVEN", "MISSING"],
      },
      files: { "in/a.txt": "hello", "out/keep": "", "secret.txt": "canary" },
      environment: { GIVEN: "yes", KEPT: "no" },
    },
  );
  symlinkSync(join(found.folder, "secret.txt"), join(found.folder, "in", "link"));
  const result = await found.run("probe.run", { root: found.folder });
  expect(result).toEqual({
    ok: true,
    output: {
      read: "hello",
      writeRead: "ERR_ACCESS_DENIED",
      write: "x",
      link: expect.stringMatching(/^(ENOENT|ERR_ACCESS_DENIED)$/),
      readSocket: "EROFS",
      writeSocket: "listens",
      above: "ERR_ACCESS_DENIED",
      environment: { GIVEN: "yes" },
    },
  });
  expect(readFileSync(join(found.folder, "out", "b.txt"), "utf8")).toBe("x");
});

test.skipIf(!canSeal)("files that the host was started with are not the plugin's", async () => {
  await using directory = await temporaryDirectory();
  const body = `const { writeSync } = await import("node:fs");
for (let at = 4; at < 64; at++) try { writeSync(at, "leak"); } catch {}
return "tried";`;
  write(directory.path, { "probe/plugin.ts": pluginText("probe", body), kept: "" });
  const kept = openSync(join(directory.path, "kept"), "r+");
  const stdio: StdioOptions = ["ignore", "pipe", "inherit"];
  for (const at of [7, 42]) {
    while (stdio.length < at) stdio.push("ignore");
    stdio.push(kept);
  }
  const host = spawn(
    process.execPath,
    ["--input-type=module", "-e", HOST, join(directory.path, "probe")],
    { stdio },
  );
  const [said] = host.stdout === null ? [""] : await once(host.stdout, "data");
  expect(String(said)).toBe("tried");
  await once(host, "exit");
  closeSync(kept);
  expect(readFileSync(join(directory.path, "kept"), "utf8")).toBe("own");
});

/** A host that writes into the files that it got, and lets its plugin try. */
const HOST = `
import { writeSync } from "node:fs";
import { PluginBook } from "#plugins/plugin-book.ts";
import { parsePluginEntries } from "#plugins/plugin-entry.ts";
writeSync(42, "own");
const { entries } = parsePluginEntries([process.argv[1]], "/");
const http = { allowPrivate: false, allowCidrs: [], allowHosts: [], denyHosts: [] };
const book = await PluginBook.open(entries, { environment: {}, http, builtIn: [] });
book.start({ info() {}, warn() {} });
const signal = new AbortController().signal;
process.stdout.write(await book.definitions()[0].runEffect({}, { signal, log: {} }));
await book.stop();
`;
