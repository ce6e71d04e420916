/**
 * What arrives on a socket and is no request that could be routed: headers that are too long, bytes
 * that are no HTTP, a request that never comes to its end. It is answered on the socket itself, as a
 * problem document like every failure, and the connection ends.
 */
import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { LockstitchError } from "#errors/errors.ts";
import { PROBLEM_TYPE, problemOf } from "./problem.ts";
import { SAFE_HEADERS } from "./static-page.ts";

/** How long a request, its body included, may take to arrive; the library's default is for ever. */
export const REQUEST_MS_MAX = 300_000;

const MALFORMED = [400, "This is no HTTP request."] as const;
const ANSWERS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    "The address and the headers of a request have at most 16 KiB together: send long values in the body.",
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    408,
    `The request took longer than ${REQUEST_MS_MAX / 1_000} s to arrive: send it again.`,
  ],
};

export function answerBroken(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const [status, message] = ANSWERS[error.code ?? ""] ?? MALFORMED;
  const id = randomUUID();
  const problem = { ...problemOf(new LockstitchError("request_invalid", message), id), status };
  const body = Buffer.from(JSON.stringify(problem));
  const headers = {
    ...SAFE_HEADERS,
    "x-request-id": id,
    "content-type": PROBLEM_TYPE,
    "content-length": String(body.byteLength),
    connection: "close",
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  if (socket.writable)
    socket.write(
      Buffer.concat([
        Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join("")}\r\n`),
        body,
      ]),
    );
  socket.destroySoon();
}
