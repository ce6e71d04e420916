/**
 * A TCP proxy that cuts one connection at a chosen moment: before the server has what was sent, behind
 * its answer, or so that what was sent arrives later than anything else.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export type Cut = "before" | "behind" | "late";

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Cuts the connection whose client sends `text` next; resolves when it is cut. */
  cut(text: string, how: Cut): Promise<void>;
  /** After a "late" cut: lets the server have what was held back, and resolves with its answer. */
  deliver(): Promise<string>;
  /** Cuts every connection. */
  cutAll(): void;
}

interface Order {
  readonly text: string;
  readonly how: Cut;
  readonly done: () => void;
}

export async function startProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [client: Socket, server: Socket]>();
  let order: Order | null = null;
  let held: { readonly server: Socket; readonly bytes: Buffer } | null = null;
  const listener = createServer((client) => {
    const server = connect(targetPort, "127.0.0.1");
    const pair = [client, server] as const;
    pairs.add(pair);
    let isCut = false;
    // A cut connection ends with an error on either side, as it should.
    for (const socket of pair) socket.on("error", () => {});
    server.on("data", (chunk) => {
      if (!isCut) client.write(chunk);
    });
    server.on("close", () => client.destroy());
    client.on("close", () => {
      if (!isCut) server.destroy();
    });
    client.on("data", (chunk) => {
      const current = order;
      if (current === null || !chunk.includes(current.text)) {
        server.write(chunk);
        return;
      }
      order = null;
      isCut = true;
      if (current.how === "late") held = { server, bytes: chunk };
      if (current.how === "before") server.destroy();
      if (current.how !== "behind") {
        client.destroy();
        current.done();
        return;
      }
      server.on("data", (answer) => {
        if (!answer.subarray(-6).equals(READY)) return;
        server.destroy();
        client.destroy();
        current.done();
      });
      server.write(chunk);
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    port: (listener.address() as { readonly port: number }).port,
    cut(text, how) {
      const { promise, resolve } = Promise.withResolvers<void>();
      order = { text, how, done: resolve };
      return promise;
    },
    async deliver() {
      if (held === null) throw new Error("nothing is held back");
      const { server, bytes } = held;
      held = null;
      const { promise, resolve } = Promise.withResolvers<string>();
      let answer = "";
      server.on("data", (chunk) => {
        answer += chunk.toString("latin1");
        const end = chunk.subarray(-READY.length);
        if (end.equals(READY) || end.equals(FAILED)) resolve(answer);
      });
      server.on("close", () => resolve(answer));
      server.write(bytes);
      return await promise.finally(() => server.destroy());
    },
    cutAll() {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      pairs.clear();
    },
    async [Symbol.asyncDispose]() {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
}

/** The server is ready, outside of a transaction; or in one that has failed. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
const FAILED = Buffer.from([0x5a, 0, 0, 0, 5, 0x45]);
