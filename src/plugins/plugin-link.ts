/**
 * One process of a plugin and the socket to it: started, spoken to, watched and ended. It knows
 * messages, not attempts (plugin.ts does).
 *
 *   K1. `onEnd` is called once, with why; after it nothing more is said or heard.
 *   K2. Whatever the process sends: at most MESSAGE_BYTES_MAX is kept of one message, what is no
 *       message ends the process, and one that floods is read no faster than so many messages and bytes in a second.
 *   K3. A process that uses more memory, processor time or disk than allowed or does not answer is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { onlyThese } from "#nodes/inherited-files.ts";
import { FrameFault, FrameReader, frameOf } from "./frames.ts";
import { FromPlugin, type ToPlugin } from "./messages.ts";
import { type StartCommand, UNSEALED_EXIT } from "./sealed-command.ts";
import { diskBytesOf, memoryOf, processorMsOf } from "./usage.ts";

/** Why a process is gone. */
export type EndReason =
  | "exited"
  | "unresponsive"
  | "memory"
  | "processor"
  | "disk"
  | "protocol"
  | "stopped"
  | "unsealed";

export interface LinkEnd {
  readonly reason: EndReason;
  /** For people: "used 700 MiB of 512 MiB". */
  readonly text: string;
  /** What it wrote last; may hold anything that the plugin was given. */
  readonly words: string;
}

export interface LinkLimits {
  readonly memoryMib: number;
  readonly unresponsiveMs: number;
  /** How many processors it may keep busy, on average over PROCESSOR_MS. */
  readonly processors: number;
  /** What `folders` may hold together; null: not looked at. */
  readonly diskMib: number | null;
  readonly folders: readonly string[];
}

export interface LinkEvents {
  onMessage(message: FromPlugin): void;
  onEnd(end: LinkEnd): void;
  /** A line that the plugin wrote on standard output or error. */
  onLine(line: string): void;
}

const MESSAGES_PER_SECOND = 5_000;
const BYTES_PER_SECOND = 64 * 1024 * 1024;
/** Of both outputs together. */
const OUTPUT_PER_SECOND = 1024 * 1024;
/** How much may wait to be sent to a process that does not read. */
const UNSENT_BYTES_MAX = 128 * 1024 * 1024;
const WATCH_MS = 250;
const PROCESSOR_MS = 5_000;
/** Between the end of one look at the folders and the next. */
const DISK_EVERY_MS = 2_000;
const MEBIBYTE = 1024 * 1024;
const LINE_LENGTH_MAX = 2_000;
const LINES_PER_SECOND = 50;

export class PluginLink {
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #events: LinkEvents;
  readonly #limits: LinkLimits;
  readonly #watch: NodeJS.Timeout;
  #lastWords = "";
  #end: LinkEnd | null = null;
  #ending: Omit<LinkEnd, "words"> | null = null;
  #lastNonce = 0;
  #lookedAtMs = performance.now();
  /** Since the newest message, without the time in which the host itself stood still. */
  #silentMs = 0;
  #isTalking = false;
  #unanswered = 0;
  /** Where the present span of PROCESSOR_MS began. */
  #span = { startMs: performance.now(), processorMs: 0 };
  #diskAtMs = 0;
  #second = { startMs: 0, messages: 0, bytes: 0, output: 0, lines: 0 };

  constructor(
    { command, arguments: given }: StartCommand,
    environment: Readonly<Record<string, string>>,
    limits: LinkLimits,
    events: LinkEvents,
  ) {
    this.#limits = limits;
    this.#events = events;
    this.#child = spawn(command, given, {
      cwd: "/",
      // Node hands its own coverage variable to every child unless its name stands here.
      env: { ...environment, NODE_V8_COVERAGE: undefined },
      stdio: onlyThese(["ignore", "pipe", "pipe", "pipe"]),
      windowsHide: true,
    });
    this.#socket = this.#child.stdio[3] as Socket;
    const reader = new FrameReader((message) => this.#receive(message));
    this.#socket.on("data", (chunk: Buffer) => this.#read(reader, chunk));
    // An error event without a listener ends the process; "close" follows, and tells.
    this.#socket.on("error", () => {});
    // Likewise.
    for (const output of this.#outputs())
      output.on("data", (chunk: Buffer) => this.#hear(chunk)).on("error", () => {});
    this.#child.once("error", (error) => this.#ended(`could not be started: ${error.message}`));
    this.#child.once("close", (code, signal) => {
      const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
      if (
        !this.#isTalking &&
        (code === UNSEALED_EXIT || /^(unshare|setpriv|seal):/m.test(this.#lastWords))
      )
        this.#ending ??= { reason: "unsealed", text: "the wall around it cannot be built" };
      this.#ended(how);
    });
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    this.#watch.unref();
  }

  get memoryBytes(): number {
    return memoryOf(this.#child.pid);
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** false: the process is gone or takes nothing more. Throws FrameFault for a message that is too large. */
  send(message: ToPlugin): boolean {
    if (this.#end !== null || this.#ending !== null) return false;
    const frame = frameOf(message);
    if (this.#socket.writableLength + frame.length > UNSENT_BYTES_MAX) return false;
    this.#socket.write(frame);
    if (message.kind === "call") this.#unanswered++;
    return true;
  }

  /** Ends the process at once; `onEnd` follows. */
  kill(reason: EndReason, text: string): void {
    if (this.#end !== null) return;
    this.#ending ??= { reason, text };
    this.#child.kill("SIGKILL");
  }

  #read(reader: FrameReader, chunk: Buffer): void {
    if (this.#ending !== null) return;
    const counts = this.#counts();
    counts.bytes += chunk.length;
    if (counts.bytes > BYTES_PER_SECOND) this.#socket.pause();
    try {
      reader.push(chunk);
    } catch (error) {
      // Whatever it sent to make the host throw: the host goes on without it.
      const text = error instanceof FrameFault ? error.message : "sent what cannot be handled";
      this.kill("protocol", text);
    }
  }

  #receive(given: unknown): void {
    if (this.#ending !== null) return;
    const parsed = FromPlugin.safeParse(given);
    if (!parsed.success) throw new FrameFault("sent a message that the host does not know");
    this.#silentMs = 0;
    this.#isTalking = true;
    if (this.#isFlooding(parsed.data.kind)) this.#socket.pause();
    if (parsed.data.kind !== "pong") this.#events.onMessage(parsed.data);
  }

  /** Answers to calls are as many as the host has asked for; all else is counted. */
  #isFlooding(kind: FromPlugin["kind"]): boolean {
    if ((kind === "done" || kind === "failed") && this.#unanswered > 0) {
      this.#unanswered--;
      return false;
    }
    return ++this.#counts().messages > MESSAGES_PER_SECOND;
  }

  #counts() {
    const nowMs = performance.now();
    if (nowMs - this.#second.startMs > 1_000)
      this.#second = { startMs: nowMs, messages: 0, bytes: 0, output: 0, lines: 0 };
    return this.#second;
  }

  #hear(chunk: Buffer): void {
    const counts = this.#counts();
    counts.output += chunk.length;
    if (counts.output > OUTPUT_PER_SECOND) for (const output of this.#outputs()) output.pause();
    const text = chunk.toString("utf8");
    this.#lastWords = (this.#lastWords + text).slice(-4_096);
    for (const line of text.split("\n")) {
      if (line.trim() === "" || ++this.#counts().lines > LINES_PER_SECOND) continue;
      this.#events.onLine(line.slice(0, LINE_LENGTH_MAX));
    }
  }

  /** Four times a second: memory, signs of life, and the next second of one that floods. */
  #look(): void {
    if (this.#end !== null) return;
    const { memoryMib, unresponsiveMs } = this.#limits;
    const memory = this.memoryBytes;
    if (memory > memoryMib * MEBIBYTE)
      return this.kill("memory", `used ${Math.round(memory / MEBIBYTE)} MiB of ${memoryMib} MiB`);
    this.#lookAtProcessor();
    void this.#lookAtDisk();
    const { messages, bytes, output } = this.#counts();
    if (output <= OUTPUT_PER_SECOND) for (const stream of this.#outputs()) stream.resume();
    if (this.#socket.isPaused()) {
      if (messages <= MESSAGES_PER_SECOND && bytes <= BYTES_PER_SECOND) this.#socket.resume();
      return;
    }
    const nowMs = performance.now();
    this.#silentMs += Math.min(nowMs - this.#lookedAtMs, 2 * WATCH_MS);
    this.#lookedAtMs = nowMs;
    // How long loading may take is the starter's affair.
    if (!this.#isTalking) return;
    if (this.#silentMs > unresponsiveMs)
      return this.kill("unresponsive", `did not answer for ${unresponsiveMs} ms`);
    if (this.#silentMs >= WATCH_MS) this.send({ kind: "ping", nonce: ++this.#lastNonce });
  }

  #lookAtProcessor(): void {
    const { processors } = this.#limits;
    const nowMs = performance.now();
    const spanMs = nowMs - this.#span.startMs;
    if (spanMs < PROCESSOR_MS) return;
    const processorMs = processorMsOf(this.#child.pid);
    const busy = (processorMs - this.#span.processorMs) / spanMs;
    this.#span = { startMs: nowMs, processorMs };
    if (busy > processors)
      this.kill(
        "processor",
        `kept ${busy.toFixed(1)} processors busy for ${Math.round(spanMs / 1_000)} s, of ${processors}`,
      );
  }

  async #lookAtDisk(): Promise<void> {
    const { diskMib, folders } = this.#limits;
    if (diskMib === null || performance.now() < this.#diskAtMs) return;
    this.#diskAtMs = Number.POSITIVE_INFINITY;
    const bytes = await diskBytesOf(folders, diskMib * MEBIBYTE);
    this.#diskAtMs = performance.now() + DISK_EVERY_MS;
    if (bytes > diskMib * MEBIBYTE)
      this.kill(
        "disk",
        `more than ${diskMib} MiB, or what cannot be read, lie in ${folders.join(", ")}`,
      );
  }

  #outputs(): readonly Readable[] {
    return [this.#child.stdout, this.#child.stderr].filter((output) => output !== null);
  }

  #ended(text: string): void {
    if (this.#end !== null) return;
    const words = this.#lastWords.trim().slice(-1_000);
    this.#end = { ...(this.#ending ?? { reason: "exited", text }), words };
    clearInterval(this.#watch);
    this.#socket.destroy();
    for (const output of this.#outputs()) output.destroy();
    this.#events.onEnd(this.#end);
  }
}
