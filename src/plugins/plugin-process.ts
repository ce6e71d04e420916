/**
 * What runs in a plugin's process, before and beside the plugin's own code: it loads the plugin,
 * says what it offers, runs attempts and hands on what they say. Nothing here protects the host:
 * the plugin shares this process and may do whatever this file can. What holds it is around the
 * process (sealed-command.ts) and on the host's side of the socket (plugin-link.ts).
 *
 *   L1. The packages that make up the contract (`lockstitch/plugin`, `lockstitch/node`, `zod`) are the host's own copies.
 *   L2. Without a host there is nothing to do: the process ends when the socket does.
 */
import { registerHooks } from "node:module";
import { Socket } from "node:net";
import { pathToFileURL } from "node:url";
import { FrameReader, frameOf } from "./frames.ts";
import type { FromPlugin, ToPlugin } from "./messages.ts";

/** The socket to the host, after standard input, output and error. */
const SOCKET_FD = 3;

const [entry = "", zodEntry = ""] = process.argv.slice(2);

const OWN: Readonly<Record<string, string>> = {
  "lockstitch/plugin": new URL("./define-plugin.ts", import.meta.url).href,
  "lockstitch/node": new URL("../nodes/define-node.ts", import.meta.url).href,
  zod: pathToFileURL(zodEntry).href,
};

registerHooks({
  resolve(specifier, context, next) {
    const url = OWN[specifier];
    return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
  },
});

const socket = new Socket({ fd: SOCKET_FD, readable: true, writable: true });
// L2.
socket.on("close", () => process.exit(0));
socket.on("error", () => process.exit(0));

/** What it says and where, without the frames of Node and of this file. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isDenied = (error as NodeJS.ErrnoException).code === "ERR_ACCESS_DENIED";
  const hint = "\nIt is loaded once without its permissions: use them inside run().";
  const lines = (error.stack ?? error.message).split("\n");
  const told = lines.filter((line) => !/^ {4}at .*(node:|plugin-process)/.test(line));
  return `${told.slice(0, 8).join("\n")}${isDenied ? hint : ""}`;
}

function send(message: FromPlugin): void {
  socket.write(frameOf(message));
}

try {
  const { attemptsOf } = await import("./plugin-attempts.ts");
  const loaded = (await import(pathToFileURL(entry).href)) as Readonly<Record<string, unknown>>;
  const attempts = attemptsOf(loaded["plugin"] ?? loaded["default"], send);
  const reader = new FrameReader((message) => {
    const told = message as ToPlugin;
    if (told.kind === "ping") send({ kind: "pong", nonce: told.nonce });
    else if (told.kind === "stop") process.exit(0);
    else attempts.receive(told);
  });
  socket.on("data", (chunk: Buffer) => reader.push(chunk));
  send({ kind: "ready", manifest: attempts.manifest });
} catch (error) {
  socket.end(frameOf({ kind: "refused", message: textOf(error).slice(0, 4_000) }));
}
