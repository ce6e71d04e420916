/**
 * A line out, a line back, in order, over the witness's socket. The socket keeps no process alive:
 * a victim that shuts down gracefully must end although it is open.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

export interface WitnessConnection {
  /** Resolves with the answer; rejects when the witness is gone. */
  exchange(line: object): Promise<string>;
  close(): void;
}

export async function connectWitness(socketPath: string): Promise<WitnessConnection> {
  const socket = connect(socketPath);
  await once(socket, "connect");
  socket.unref();
  const waiting: { resolve(answer: string): void; reject(why: Error): void }[] = [];
  const gone = () => {
    for (const { reject } of waiting.splice(0)) reject(new Error("the witness is gone"));
  };
  createInterface({ input: socket })
    .on("line", (answer) => waiting.shift()?.resolve(answer))
    .on("error", gone);
  socket.on("error", gone).on("close", gone);
  return {
    exchange(line) {
      return new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error("the witness is gone"));
        waiting.push({ resolve, reject });
        socket.write(`${JSON.stringify(line)}\n`);
      });
    },
    close: () => void socket.destroy(),
  };
}
