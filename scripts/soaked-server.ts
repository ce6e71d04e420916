/** A server of the soak in a process of its own, whose memory is asked for through the inspector. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { killWithUs } from "../test/support/kill-with-us.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** In bytes, right after a full collection. */
export interface Memory {
  readonly used: number;
  readonly rss: number;
}

export interface SoakedServer {
  readonly address: string;
  memory(): Promise<Memory>;
  end(): Promise<void>;
}

/** One that ends before end() was called is an error that nobody catches. */
export async function startSoaked(
  dataDir: string,
  env: Readonly<Record<string, string>>,
): Promise<SoakedServer> {
  const child = spawn(
    process.execPath,
    [
      "--inspect=127.0.0.1:0",
      join(ROOT, "bin/lockstitch.js"),
      ...["start", "--json", "--port", "0", "--data", dataDir],
      ...["--config", join(ROOT, "scripts/soak.config.ts")],
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } },
  );
  killWithUs(child);
  let complaints = "";
  let isOver = false;
  child.stderr.on("data", (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-10_000);
  });
  child.on("exit", (code, signal) => {
    if (!isOver)
      throw new Error(`the server ended (${signal ?? code}):\n${complaints.slice(-3_000)}`);
  });
  const [address, debuggerAddress] = await Promise.all([
    printed(child.stdout, /"address":\s*"([^"]+)"/),
    printed(child.stderr, /listening on (ws:\S+)/),
  ]);
  const inside = await inspector(debuggerAddress);
  return {
    address,
    memory: inside.memory,
    async end() {
      isOver = true;
      inside.close();
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** Resolves with the first match in what the server prints. */
function printed(stream: NonNullable<ChildProcess["stdout"]>, pattern: RegExp): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    stream.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-10_000);
      const found = pattern.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
}

async function inspector(address: string) {
  const socket = new WebSocket(address);
  await once(socket as never, "open");
  let lastId = 0;
  const call = (method: string, params: object = {}): Promise<never> =>
    new Promise((resolve) => {
      const id = ++lastId;
      const listener = ({ data }: MessageEvent) => {
        const answer = JSON.parse(String(data));
        if (answer.id !== id) return;
        socket.removeEventListener("message", listener);
        resolve(answer.result as never);
      };
      socket.addEventListener("message", listener);
      socket.send(JSON.stringify({ id, method, params }));
    });
  return {
    async memory(): Promise<Memory> {
      await call("HeapProfiler.collectGarbage");
      const expression =
        "(() => { const m = process.memoryUsage(); return JSON.stringify({ used: m.heapUsed + m.external, rss: m.rss }); })()";
      const { result } = (await call("Runtime.evaluate", { expression })) as {
        readonly result: { readonly value: string };
      };
      return JSON.parse(result.value);
    },
    close: () => socket.close(),
  };
}
