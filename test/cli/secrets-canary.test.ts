/**
 * The canary: steps that echo their secret in every way there is, in a real process; then every
 * byte that the process left or said is searched for the value in all encodings.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  brotliDecompressSync,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from "node:zlib";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { lockstitch, startLockstitch } from "./lockstitch-process.ts";

const CANARY = `cAnary/9+"q" ~ünique-7431`;
const OTHER = "second-canary-55512";

/** A piece of each form that cannot be there by chance. */
const NEEDLES: readonly string[] = [CANARY, OTHER].flatMap((value) => {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .slice(4, 18),
  );
  return [
    ...[value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), encodeURI(value)],
    ...[new URLSearchParams([["", value]]).toString().slice(1), bytes.toString("hex")],
    ...[...base64, ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"))],
    ...[value.slice(0, 12), value.slice(-12)],
  ];
});

const NODES = `
import { defineNode, NodeError } from "${new URL("../../src/nodes/define-node.ts", import.meta.url)}";
import { z } from "${import.meta.resolve("zod")}";
const echo = (run) => defineNode({ type: "user.echo", title: "Echo", description: "Echoes.", category: "user",
  icon: "dot", pure: false, config: z.looseObject({}), output: z.unknown(), run });
export default { nodes: [echo(async (config, context) => {
  const { how, token } = config;
  const error = () => new Error("inner " + token, { cause: new Error("cause " + token) });
  if (how === "throw") throw error();
  if (how === "fail") throw new NodeError("user.bad", "bad " + token, { details: { token, list: [encodeURIComponent(token)] }, cause: error() });
  if (how === "cut") throw new NodeError("user.cut", "x".repeat(4096 - token.length + 3) + token);
  if (how === "log") {
    for (const level of ["debug", "info", "warn", "error"]) context.log[level]("log " + token, { token, [token]: 1, error: error(), url: new URL("https://x.test/?t=" + encodeURIComponent(token)), bytes: Buffer.from(token), map: new Map([[token, token]]) });
    for (const length of [16384, 65536]) context.log.info("z".repeat(length - 10) + token);
    context.log.info({ token });
    context.log.info("too large", { token, much: "z".repeat(20000) });
    context.progress(0.5, "at " + token);
    return null;
  }
  if (how === "large") return { text: ("y".repeat(1000) + token).repeat(200), hex: Buffer.from(token).toString("hex") };
  if (how === "late") throw Object.assign(error(), { name: token, code: token });
  return { token, keys: { [token]: 1 }, json: JSON.stringify({ token }), twice: JSON.stringify(JSON.stringify({ token })),
    base64: Buffer.from("user:" + token).toString("base64"), url: encodeURIComponent(token), form: String(new URLSearchParams({ token })) };
})] };
`;

const step = (id: string, how: string) =>
  `  - { id: ${id}, uses: user.echo, with: { how: ${how}, token: "\${{ secrets.KEY }}" }, onError: continue, retry: { attempts: 2, initial: 1ms, errors: ["*"] } }`;

const workflow = (port: number) => `language: 1
name: canary
steps:
${["output", "throw", "fail", "cut", "log", "large", "late"].map((how) => step(how, how)).join("\n")}
  - id: reflect
    uses: http.request
    with:
      url: "http://127.0.0.1:${port}/reflect?t=\${{ encodeURIComponent(secrets.KEY) }}"
      auth: { type: basic, username: shop, password: "\${{ secrets.KEY }}" }
      method: POST
      headers: { x-signed: "\${{ hmacSha256(secrets.KEY, 'text') }}", x-encoded: "\${{ base64Encode('a' + secrets.KEY) }}" }
      body: { token: "\${{ secrets.KEY }}", other: "\${{ secrets.OTHER }}" }
  - id: refused
    uses: http.request
    onError: continue
    with: { url: "http://127.0.0.1:${port}/refuse?t=\${{ secrets.OTHER }}", auth: { type: bearer, token: "\${{ secrets.OTHER }}" } }
  - id: unreachable
    uses: http.request
    onError: continue
    with: { url: "http://127.0.0.1:1/\${{ secrets.OTHER }}" }
  - id: invalid
    uses: http.request
    onError: continue
    with: { url: "http://127.0.0.1:${port}/", method: "\${{ secrets.OTHER }}" }
  - { id: code, uses: code.javascript, with: { code: "return { got: input.token, chars: JSON.stringify(input) }", input: { token: "\${{ secrets.KEY }}" } } }
  - { id: thrown, uses: code.javascript, onError: continue, with: { code: "throw new Error(input.token)", input: { token: "\${{ secrets.KEY }}" } } }
  - { id: written, uses: file.write, with: { path: kept.txt, content: "\${{ secrets.KEY }}" } }
  - { id: child, uses: workflow.run, with: { workflow: child, input: { all: "\${{ steps.output.output }}", reflected: "\${{ steps.reflect.output }}" } } }
  - { id: missing, uses: user.echo, onError: continue, with: { how: output, token: "\${{ secrets.MISSING }} \${{ secrets.KEY }}" } }
output:
  output: "\${{ steps.output.output }}"
  error: "\${{ steps.fail.error }}"
  reflected: "\${{ steps.reflect.output }}"
  code: "\${{ steps.code.output }}"
  child: "\${{ steps.child.output }}"
`;

/** Answers with everything that it was sent. */
async function reflecting(): Promise<Server & { received: string[] }> {
  const received: string[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const seen = { url: request.url, headers: request.headers, body };
    received.push(JSON.stringify(seen));
    response.writeHead(request.url?.startsWith("/refuse") ? 403 : 200, {
      "content-type": "application/json",
      "x-authorization": request.headers.authorization ?? "",
    });
    response.end(JSON.stringify(seen));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(server, { received });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function needlesIn(bytes: Buffer): readonly string[] {
  return NEEDLES.filter((needle) => bytes.includes(needle));
}

/** Every column of every table, and what it holds when it is decompressed. */
function* cellsOf(path: string): Generator<Buffer> {
  using database = new DatabaseSync(path, { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  for (const { name } of tables)
    for (const row of database.prepare(`SELECT * FROM "${String(name)}"`).all())
      for (const cell of Object.values(row)) {
        if (cell === null) continue;
        const bytes = cell instanceof Uint8Array ? Buffer.from(cell) : Buffer.from(String(cell));
        yield bytes;
        for (const open of [
          gunzipSync,
          inflateSync,
          inflateRawSync,
          brotliDecompressSync,
          zstdDecompressSync,
        ])
          try {
            yield Buffer.from(open(bytes));
          } catch {
            // Not compressed like this.
          }
      }
}

test("no byte of the store, the API, the streams, the logs or the command line holds a secret", async () => {
  await using directory = await temporaryDirectory();
  const server = await reflecting();
  try {
    const { port } = server.address() as AddressInfo;
    const cwd = directory.path;
    await writeFile(join(cwd, "lockstitch.config.mjs"), NODES);
    await writeFile(join(cwd, "canary.workflow.yaml"), workflow(port));
    await writeFile(
      join(cwd, "child.workflow.yaml"),
      'language: 1\nname: child\nsteps: [{ id: same, uses: data.set, with: { value: "${{ input }}" } }]\n',
    );
    await writeFile(join(cwd, "secrets.json"), JSON.stringify({ KEY: CANARY }), { mode: 0o600 });
    const env = {
      LOCKSTITCH_SECRETS: "secrets.json",
      LOCKSTITCH_SECRET_OTHER: OTHER,
      LOCKSTITCH_LOG: "debug",
      LOCKSTITCH_HTTP_ALLOW_PRIVATE: "true",
      LOCKSTITCH_PORT: "0",
    };
    const said: string[] = [];
    const run = await lockstitch(["run", "canary.workflow.yaml", "--json"], { cwd, env });
    said.push(run.stdout, run.stderr);
    expect(run.code, run.stderr).toBe(0);
    const { runId, output } = JSON.parse(run.stdout);
    // The echoes came, or nothing would have been searched.
    expect(JSON.stringify(output)).toContain("[secret KEY]");
    expect(server.received.join()).toContain(Buffer.from(`shop:${CANARY}`).toString("base64"));
    expect(readFileSync(join(cwd, ".lockstitch/files/kept.txt"), "utf8")).toBe(CANARY);

    await using program = startLockstitch(["start"], { cwd, env });
    const [address = ""] = await program.seen(/http:\/\/127\.0\.0\.1:\d+/);
    const paths = [
      "",
      "/events?limit=1000",
      "/state",
      "/progress",
      "/explain",
      "/stream",
      "/graph",
      "/logs?limit=1000",
    ];
    for (const path of paths) {
      const answer = await fetch(`${address}/api/v1/runs/${runId}${path}`);
      said.push(await answer.text());
    }
    for (const path of ["/api/v1/runs", "/api/v1/engine", "/metrics", "/api/v1/workflows"])
      said.push(await (await fetch(address + path)).text());
    expect(said.join()).toContain("secret_not_found");
    // The steps' own lines came, with what stands in the place of a value.
    expect(said.find((text) => text.startsWith('{"items":[{"position"'))).toContain(
      '"text":"log [secret KEY]"',
    );
    const live = { accept: "text/event-stream" };
    const streamed = await fetch(`${address}/api/v1/runs/${runId}/logs`, { headers: live });
    said.push(await streamed.text());
    expect(said.at(-1)).toContain("event: end");
    for (const argv of [
      ["runs", "get", runId],
      ["runs", "events", runId],
      ["runs", "explain", runId],
      ["runs", "logs", runId],
      ["runs", "logs", runId, "--follow", "--json"],
      ["runs", "list"],
    ])
      said.push(...Object.values(await lockstitch(argv, { cwd, env })).map(String));
    program.child.kill("SIGTERM");
    const ended = await program.ended();
    said.push(ended.stdout, ended.stderr);

    expect(needlesIn(Buffer.from(said.join("\n")))).toEqual([]);
    const data = join(cwd, ".lockstitch");
    const searched = filesBelow(data).filter((path) => !path.endsWith("kept.txt"));
    expect(searched.reduce((sum, path) => sum + statSync(path).size, 0)).toBeGreaterThan(50_000);
    for (const path of searched) expect(needlesIn(readFileSync(path)), path).toEqual([]);
    let cells = 0;
    let largest = 0;
    for (const path of searched.filter((name) => /\.(db|sqlite)$/.test(name)))
      for (const bytes of cellsOf(path)) {
        cells += 1;
        largest = Math.max(largest, bytes.byteLength);
        expect(needlesIn(bytes)).toEqual([]);
      }
    expect(cells).toBeGreaterThan(100);
    expect(largest).toBeGreaterThan(64 * 1024);
  } finally {
    server.close();
  }
});
