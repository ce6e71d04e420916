/**
 * The way of one host to the database: a TCP proxy that cuts, refuses or stalls. It knows nothing of
 * what is said.
 *
 *   open      bytes pass
 *   refused   every connection is cut, new ones too
 *   stalled   nothing passes and nobody is told; new connections are taken and hear nothing. What was sent
 *             meanwhile arrives when it opens again, also when its sender has given up: late.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

type State = "open" | "refused" | "stalled";

/** One direction of a connection. */
interface Way {
  readonly to: Socket;
  readonly held: Buffer[];
  hasEnded: boolean;
}

export class DatabaseGate implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #ways = new Set<Way>();
  #state: State = "open";

  private constructor(targetPort: number) {
    this.#server = createServer((client) => {
      if (this.#state === "refused") return void client.destroy();
      const database = connect(targetPort, "127.0.0.1");
      this.#pass(client, database);
      this.#pass(database, client);
    });
  }

  static async to(targetPort: number): Promise<DatabaseGate> {
    const gate = new DatabaseGate(targetPort);
    gate.#server.listen(0, "127.0.0.1");
    await once(gate.#server, "listening");
    return gate;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Cuts every connection; new ones are as before. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  refuse(): void {
    this.#state = "refused";
    this.cut();
  }

  stall(): void {
    this.#state = "stalled";
  }

  open(): void {
    this.#state = "open";
    for (const way of this.#ways) {
      for (const chunk of way.held.splice(0)) way.to.write(chunk);
      if (!way.hasEnded) continue;
      way.to.end();
      this.#ways.delete(way);
    }
  }

  #pass(from: Socket, to: Socket): void {
    const way: Way = { to, held: [], hasEnded: false };
    this.#sockets.add(from);
    this.#ways.add(way);
    from.on("data", (chunk) => {
      if (this.#state === "stalled") way.held.push(chunk);
      else to.write(chunk);
    });
    // Its other side ends with it; a cut ends in an error.
    from.on("error", () => undefined);
    from.on("close", () => {
      this.#sockets.delete(from);
      way.hasEnded = true;
      if (this.#state === "stalled") return;
      to.end();
      this.#ways.delete(way);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.cut();
    await closed;
  }
}
