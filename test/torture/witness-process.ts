/**
 * The witness: a process of its own that nobody kills, which writes down what effects really did.
 * `node witness-process.ts SOCKET FILE`. It says "ready" and ends with its standard input.
 */
import { openSync, writeSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { WitnessLine } from "./witness-record.ts";

const [socketPath, file] = process.argv.slice(2);
if (socketPath === undefined || file === undefined)
  throw new Error("usage: witness-process.ts SOCKET FILE");
const records = openSync(file, "a");
const inFlight = new Map<Socket, Set<string>>();
/** By the order of their first words: the torture itself has a connection too, and only asks. */
const hosts = new Map<Socket, number>();
const names = new Map<Socket, string>();
let spokeCount = 0;

function hear(socket: Socket, line: string): void {
  const said = WitnessLine.parse(JSON.parse(line));
  if ("ask" in said) {
    const counts: Record<string, number> = {};
    for (const [of, attempts] of inFlight) {
      const name = names.get(of) ?? "";
      counts[name] = (counts[name] ?? 0) + attempts.size;
    }
    socket.write(`${JSON.stringify(counts)}\n`);
    return;
  }
  if ("hello" in said) {
    names.set(socket, said.hello);
    socket.write("\n");
    return;
  }
  let host = hosts.get(socket);
  if (host === undefined) {
    host = spokeCount += 1;
    hosts.set(socket, host);
  }
  writeSync(records, `${JSON.stringify({ ...said, host })}\n`);
  const attempt = `${said.runId} ${said.path} ${said.attempt}`;
  if (said.phase === "begin") inFlight.get(socket)?.add(attempt);
  else inFlight.get(socket)?.delete(attempt);
  socket.write("\n");
}

const server = createServer((socket) => {
  inFlight.set(socket, new Set());
  // A killed speaker resets its connection, and the reader of lines hands that on.
  createInterface({ input: socket })
    .on("line", (line) => hear(socket, line))
    .on("error", () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    const host = hosts.get(socket);
    if (host !== undefined) writeSync(records, `${JSON.stringify({ phase: "gone", host })}\n`);
    inFlight.delete(socket);
    hosts.delete(socket);
    names.delete(socket);
  });
});
server.listen(socketPath, () => process.stdout.write("ready\n"));
process.stdin.resume().on("end", () => process.exit(0));
