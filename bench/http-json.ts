/**
 * The one HTTP client of all sides: keep-alive, as many connections as there are calls at once. It
 * shares two processors with whom it measures, so it is as thin as a load generator can be: one write
 * a call, one read an answer. It knows what the three servers of the benchmarks send
 * (HTTP/1.1 with Content-Length or chunks) and throws at anything else.
 */
import { createConnection, type Socket } from "node:net";

interface Answer {
  readonly status: number;
  readonly content: string;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const idle = new Map<string, Connection[]>();

/** The parsed answer; throws with status and text where it is not 2xx. */
export async function callJson(
  url: string,
  method: "GET" | "POST" | "PUT",
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const { status, content } = await send(url, requestText(url, method, body, headers));
  if (status >= 300) throw new Error(`${method} ${url}: ${status} ${content}`);
  return content === "" ? null : JSON.parse(content);
}

export function closeClient(): Promise<void> {
  for (const connections of idle.values()) for (const { socket } of connections) socket.destroy();
  idle.clear();
  return Promise.resolve();
}

function requestText(
  url: string,
  method: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): string {
  const { host, path } = partsOf(url);
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  if (body === undefined) return `${head}${method === "GET" ? "" : "content-length: 0\r\n"}\r\n`;
  const content = JSON.stringify(body);
  const length = Buffer.byteLength(content);
  return `${head}content-type: application/json\r\ncontent-length: ${length}\r\n\r\n${content}`;
}

/** `http://HOST:PORT/PATH`, without the cost of a URL. */
function partsOf(url: string): { readonly host: string; readonly path: string } {
  const start = url.indexOf("//") + 2;
  const slash = url.indexOf("/", start);
  return slash < 0
    ? { host: url.slice(start), path: "/" }
    : { host: url.slice(start, slash), path: url.slice(slash) };
}

async function send(url: string, request: string): Promise<Answer> {
  const { host } = partsOf(url);
  let free = idle.get(host);
  if (free === undefined) {
    free = [];
    idle.set(host, free);
  }
  // The newest first: its peer has it at hand. Servers close what has been idle for some seconds.
  let connection = free.pop();
  while (connection !== undefined && !connection.isOpen) connection = free.pop();
  connection ??= new Connection(host);
  const answer = await connection.exchange(request);
  if (connection.isOpen) free.push(connection);
  return answer;
}

class Connection {
  readonly socket: Socket;
  isOpen = true;
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | null = null;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes of the answer, its head included; 0: not known yet, or in chunks. */
  #expected = 0;

  constructor(host: string) {
    const colon = host.lastIndexOf(":");
    this.socket = createConnection({ host: host.slice(0, colon), port: +host.slice(colon + 1) });
    this.socket.setNoDelay(true);
    this.socket.on("data", (chunk) => this.#read(chunk));
    this.socket.on("error", (error) => this.#fail(error));
    this.socket.on("close", () => this.#fail(new Error("the connection was closed")));
  }

  exchange(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new Error("the connection is closed"));
      this.#waiting = { resolve, reject };
      this.socket.write(request);
    });
  }

  #read(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
    if (this.#size < this.#expected) return;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const answer = this.#answerOf(bytes);
    if (answer instanceof Error) {
      this.socket.destroy(answer);
      return;
    }
    if (answer === null) {
      this.#chunks = [bytes];
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = null;
    this.#chunks = [];
    this.#size = 0;
    this.#expected = 0;
    waiting?.resolve(answer);
  }

  /** null: more is to come. */
  #answerOf(bytes: Buffer): Answer | Error | null {
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd < 0) return null;
    const head = bytes.latin1Slice(0, headEnd);
    const status = Number(head.slice(9, 12));
    if (/\r\nconnection: close/i.test(head)) this.isOpen = false;
    const start = headEnd + HEAD_END.byteLength;
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (length !== undefined) {
      this.#expected = start + Number(length);
      if (bytes.byteLength < this.#expected) return null;
      return { status, content: bytes.utf8Slice(start, this.#expected) };
    }
    if (status === 204) return { status, content: "" };
    if (!/\r\ntransfer-encoding: chunked/i.test(head))
      return new Error(`an answer of no known length: ${head}`);
    const content = unchunked(bytes.subarray(start));
    return content === null ? null : { status, content: content.toString() };
  }

  #fail(error: Error): void {
    this.isOpen = false;
    this.#waiting?.reject(error);
    this.#waiting = null;
  }
}

/** null: the last chunk is still to come. */
function unchunked(bytes: Buffer): Buffer | null {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(bytes.latin1Slice(at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.byteLength < next) return null;
    if (size === 0) return Buffer.concat(pieces);
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
