/** The witness as the torture sees it: a process, a question, and its records in the end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { killWithUs } from "../support/kill-with-us.ts";
import { connectWitness } from "./witness-connection.ts";
import { GoneRecord, WitnessRecord } from "./witness-record.ts";

const Witnessed = z.union([GoneRecord, WitnessRecord]);

export interface Witness extends AsyncDisposable {
  readonly socketPath: string;
  /** Effects that run at this moment, by the name of their host. */
  inFlight(): Promise<ReadonlyMap<string, number>>;
  records(): AsyncIterable<WitnessRecord | GoneRecord>;
}

export async function startWitness(socketPath: string, file: string): Promise<Witness> {
  const program = fileURLToPath(new URL("./witness-process.ts", import.meta.url));
  const child = spawn(process.execPath, [program, socketPath, file], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  killWithUs(child);
  const ended = once(child, "exit");
  await Promise.race([
    once(child.stdout, "data"),
    ended.then(() => Promise.reject(new Error("the witness did not start"))),
  ]);
  const connection = await connectWitness(socketPath);
  return {
    socketPath,
    inFlight: async () =>
      new Map(Object.entries(JSON.parse(await connection.exchange({ ask: "inFlight" })))),
    async *records() {
      for await (const line of createInterface({ input: createReadStream(file) }))
        yield Witnessed.parse(JSON.parse(line));
    },
    async [Symbol.asyncDispose]() {
      connection.close();
      child.stdin.end();
      await ended;
    },
  };
}
