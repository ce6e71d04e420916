/**
 * What a host was started with open, a lock file or a socket of its service manager, is not handed on
 * to the processes that steps start.
 */
import { type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const pathOf = (file: string) => fileURLToPath(new URL(`../../src/nodes/${file}`, import.meta.url));

/** Tells what it has open itself, and what a program and the process of a database have. */
const HOST = `
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
const { runProgram } = await import(${JSON.stringify(pathOf("shell/run-program.ts"))});
const { querySqlite } = await import(${JSON.stringify(pathOf("sql/sqlite-query.ts"))});
const { signal } = new AbortController();
const openIn = (pid) => readdirSync("/proc/" + pid + "/fd").flatMap((at) => {
  try { return [readlinkSync("/proc/" + pid + "/fd/" + at)]; } catch { return []; }
});
const lists = "const { readdirSync, readlinkSync } = require('node:fs'); console.log(JSON.stringify(readdirSync('/proc/self/fd').flatMap((at) => { try { return [readlinkSync('/proc/self/fd/' + at)] } catch { return [] } })))";
const program = await runProgram({ command: process.execPath, arguments: ["-e", lists], cwd: "/", environment: {},
  stdin: "", outputBytesMax: 100_000, timeoutMs: 20_000 }, signal);
const lent = { name: "db", settings: { file: process.argv[1], poolMax: 1 }, values: [], shared: (make) => make(), giveBack() {} };
await querySqlite(lent, { sql: "select 1 as one", parameters: [], isReadOnly: false, isCutting: false, rowsMax: 10, rowsSizeMax: 1000 }, signal);
const children = readFileSync("/proc/self/task/" + process.pid + "/children", "utf8").trim().split(" ");
console.log(JSON.stringify({ host: openIn("self"), program: JSON.parse(program.stdout), database: children.flatMap(openIn) }));
process.exit(0);
`;

test.runIf(process.platform === "linux")("what the host inherited stays with it", async () => {
  await using root = await temporaryDirectory();
  const kept = join(root.path, "kept.txt");
  const database = join(root.path, "query.sqlite");
  const file = openSync(kept, "a+");
  const stdio: StdioOptions = ["ignore", "pipe", "inherit", ...Array(27).fill("ignore"), file];
  const host = spawn(process.execPath, ["--input-type=module", "-e", HOST, database], { stdio });
  const [said] = await Promise.all([text(host.stdout as never), once(host, "close")]);
  closeSync(file);
  const open = JSON.parse(said) as Record<"host" | "program" | "database", readonly string[]>;
  // The files are there to be seen. (Node itself hands on none of the lowest numbers.)
  expect(open.host).toContain(kept);
  expect(open.database).toContain(database);
  expect(open.program).not.toContain(kept);
  expect(open.database).not.toContain(kept);
});
