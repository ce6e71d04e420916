/**
 * The victim: the real `lockstitch start` on a real data directory, killed and started again on the
 * same port. It counts as ready when it has said where it serves. One that shares a database is started
 * again, as a supervisor does, where it ends because the database does not answer it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { killWithUs } from "../support/kill-with-us.ts";
import { pause } from "./pause.ts";

const BIN = fileURLToPath(new URL("../../bin/lockstitch.js", import.meta.url));
const PLANTING = `--import ${new URL("./plant-in-victim.ts", import.meta.url).href}`;
/** Counted second by second: a machine that slept, or stopped us all for a while, is no slow start. */
const START_DEADLINE_S = 60;
/** The grace that the server gives running attempts, and then some. */
const STOP_DEADLINE_MS = 30_000;
/** What a host says that ends because the database does not answer, whatever it asked just then. */
const AWAY = /^error (?:opening (?:postgres|the store):|.*: the database answered )/m;
const AGAIN_AFTER_MS = 300;

export class Victim {
  /** Of every start that became ready, milliseconds from spawn. */
  readonly startedInMs: number[] = [];
  /** As the witness knows it. */
  readonly name: string;
  /** Deaths that the torture did not cause. */
  readonly diedByItself: string[] = [];
  /** Starts that met a database which was away. */
  startedAgain = 0;
  readonly #folder: string;
  readonly #dataDir: string;
  readonly #plant: string | null;
  readonly #env: Readonly<Record<string, string>>;
  readonly #isPatient: boolean;
  #port = 0;
  #child: ChildProcess | null = null;
  #ready: Promise<void> = Promise.resolve();
  #spawnedAtMs = 0;
  #isDoomed = false;
  /** Processes that the torture has ended, or told to end. */
  readonly #doomed = new WeakSet<ChildProcess>();
  #isReady = false;
  /** Counts calls of spawn(). */
  #life = 0;

  /** `folder` holds lockstitch.config.ts and gets the log; `plant` names a bug to load it with. */
  constructor(
    folder: string,
    dataDir: string,
    {
      name = "the victim",
      plant,
      env = {},
      isPatient = false,
    }: {
      name?: string;
      plant?: string | undefined;
      env?: Readonly<Record<string, string>>;
      /** It may end while it starts, where it says that the database is away. */
      isPatient?: boolean;
    } = {},
  ) {
    this.name = name;
    this.#isPatient = isPatient;
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

  /** It has said where it serves, and nobody has ended it since. */
  get isReady(): boolean {
    return this.#isReady && !this.#isDoomed && this.isAlive;
  }

  get isAlive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts it; `ready()` resolves when it serves. */
  spawn(): void {
    this.#isDoomed = false;
    this.#isReady = false;
    this.#spawnedAtMs = performance.now();
    this.#ready = this.#start(++this.#life);
    // A victim that is killed before it is ready is nobody's failure.
    this.#ready.catch(() => undefined);
  }

  async #start(life: number): Promise<void> {
    const isOver = () => this.#isDoomed || life !== this.#life;
    const untilMs = performance.now() + START_DEADLINE_S * 1_000;
    for (;;) {
      try {
        await this.#untilServing();
        break;
      } catch (error) {
        const isAway = error instanceof StartError && AWAY.test(error.message);
        if (!this.#isPatient || !isAway || isOver() || performance.now() > untilMs) throw error;
        this.startedAgain++;
        await pause(AGAIN_AFTER_MS);
        if (isOver()) throw error;
      }
    }
    this.#isReady = true;
    this.startedInMs.push(performance.now() - this.#spawnedAtMs);
  }

  #spawnProcess(): { readonly child: ChildProcess; said(): string } {
    // Coverage of processes that are killed is not written, and costs the compile cache.
    const { NODE_V8_COVERAGE: _coverage, FORCE_COLOR: _colour, ...env } = process.env;
    const argv = [BIN, "--data", this.#dataDir, "start", "--port", String(this.#port)];
    const planted =
      this.#plant === null ? {} : { LOCKSTITCH_TORTURE_PLANT: this.#plant, NODE_OPTIONS: PLANTING };
    const child = spawn(process.execPath, argv, {
      cwd: this.#folder,
      env: { ...env, ...this.#env, ...planted, LOCKSTITCH_TORTURE_HOST: this.name, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    killWithUs(child);
    this.#child = child;
    const log = createWriteStream(join(this.#folder, "victim.log"), { flags: "a" });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
    });
    child.stderr.pipe(log);
    void once(child, "close").then(([code, signal]) => {
      if (this.#isPatient && AWAY.test(said)) return;
      if (!this.#doomed.has(child) || (code !== null && code !== 0))
        this.diedByItself.push(`exit ${code ?? signal}: ${said.trim()}`);
    });
    return { child, said: () => said };
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
    if (this.#child !== null) this.#doomed.add(this.#child);
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
    this.#isDoomed = true;
    if (child === null || !this.isAlive) return;
    this.#doomed.add(child);
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  async #untilServing(): Promise<void> {
    const { child, said } = this.#spawnProcess();
    await new Promise<void>((resolve, reject) => {
      let text = "";
      let seconds = 0;
      const fail = (what: string) =>
        settle(() => reject(new StartError(`the victim ${what}:\n${text}${said()}`)));
      const timer = setInterval(() => {
        if (++seconds > START_DEADLINE_S) fail("does not start; it said");
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
      // By then it has said why.
      child.once("close", () => fail("ended while starting"));
    });
  }
}

class StartError extends Error {}
