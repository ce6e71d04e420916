/**
 * The victim: the real `lockstitch start` on a real data directory, killed and started again on the
 * same port. It counts as ready when it has said where it serves.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { killWithUs } from "../support/kill-with-us.ts";

const BIN = fileURLToPath(new URL("../../bin/lockstitch.js", import.meta.url));
const PLANTING = `--import ${new URL("./plant-in-victim.ts", import.meta.url).href}`;
/** Counted second by second: a machine that slept, or stopped us all for a while, is no slow start. */
const START_DEADLINE_S = 60;
/** The grace that the server gives running attempts, and then some. */
const STOP_DEADLINE_MS = 30_000;

export class Victim {
  /** Of every start that became ready, milliseconds from spawn. */
  readonly startedInMs: number[] = [];
  /** Deaths that the torture did not cause. */
  readonly diedByItself: string[] = [];
  readonly #folder: string;
  readonly #dataDir: string;
  readonly #plant: string | null;
  readonly #env: Readonly<Record<string, string>>;
  #port = 0;
  #child: ChildProcess | null = null;
  #ready: Promise<void> = Promise.resolve();
  #spawnedAtMs = 0;
  #isDoomed = false;

  /** `folder` holds lockstitch.config.ts and gets the log; `plant` names a bug to load it with. */
  constructor(
    folder: string,
    dataDir: string,
    {
      plant,
      env = {},
    }: { plant?: string | undefined; env?: Readonly<Record<string, string>> } = {},
  ) {
    this.#folder = folder;
    this.#dataDir = dataDir;
    this.#plant = plant ?? null;
    this.#env = env;
  }

  get port(): number {
    return this.#port;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get spawnedAtMs(): number {
    return this.#spawnedAtMs;
  }

  get isAlive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts it; `ready()` resolves when it serves. */
  spawn(): void {
    // Coverage of processes that are killed is not written, and costs the compile cache.
    const { NODE_V8_COVERAGE: _coverage, FORCE_COLOR: _colour, ...env } = process.env;
    const argv = [BIN, "--data", this.#dataDir, "start", "--port", String(this.#port)];
    const planted =
      this.#plant === null ? {} : { LOCKSTITCH_TORTURE_PLANT: this.#plant, NODE_OPTIONS: PLANTING };
    const child = spawn(process.execPath, argv, {
      cwd: this.#folder,
      env: { ...env, ...this.#env, ...planted, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    killWithUs(child);
    this.#child = child;
    this.#isDoomed = false;
    this.#spawnedAtMs = performance.now();
    const log = createWriteStream(join(this.#folder, "victim.log"), { flags: "a" });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
    });
    child.stderr.pipe(log);
    void once(child, "exit").then(([code, signal]) => {
      if (!this.#isDoomed || (code !== null && code !== 0))
        this.diedByItself.push(`exit ${code ?? signal}: ${said.trim()}`);
    });
    this.#ready = this.#untilServing(child, () => said);
    // A victim that is killed before it is ready is nobody's failure.
    this.#ready.catch(() => undefined);
  }

  async ready(): Promise<void> {
    await this.#ready;
  }

  /** Resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  terminate(): void {
    this.#isDoomed = true;
    this.#child?.kill("SIGTERM");
  }

  /** A graceful end; resolves when the process is gone. One that does not come is a death of its own. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => {
      this.diedByItself.push("it did not end after SIGTERM");
      this.#child?.kill("SIGKILL");
    }, STOP_DEADLINE_MS);
    await this.#end("SIGTERM");
    clearTimeout(timer);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null || !this.isAlive) return;
    this.#isDoomed = true;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  async #untilServing(child: ChildProcess, said: () => string): Promise<void> {
    const spawnedAtMs = this.#spawnedAtMs;
    await new Promise<void>((resolve, reject) => {
      let text = "";
      let seconds = 0;
      const timer = setInterval(() => {
        if (++seconds > START_DEADLINE_S)
          settle(() => reject(new Error(`the victim does not start; it said: ${text}${said()}`)));
      }, 1_000);
      const settle = (act: () => void) => {
        clearInterval(timer);
        act();
      };
      child.stdout?.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        const port = /serves http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
        if (port === undefined) return;
        this.#port = Number(port);
        settle(resolve);
      });
      child.once("exit", () =>
        settle(() => reject(new Error(`the victim ended while starting: ${text}${said()}`))),
      );
    });
    this.startedInMs.push(performance.now() - spawnedAtMs);
  }
}
