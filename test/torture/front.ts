/**
 * One address in front of several hosts, as a load balancer is: each connection goes to a host that
 * takes it, chosen at random. It knows nothing of HTTP; a host that dies breaks its connections.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Random } from "../kernel/random-definition.ts";

export interface Front extends AsyncDisposable {
  readonly baseUrl: string;
}

export async function openFront(ports: () => readonly number[], random: Random): Promise<Front> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const all = [...ports()];
    const first = Math.floor(random() * all.length);
    sockets.add(client);
    client.on("close", () => sockets.delete(client)).on("error", () => client.destroy());
    pass(client, [...all.slice(first), ...all.slice(0, first)]);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** To the first of them that takes the connection. */
function pass(client: Socket, [port, ...others]: readonly number[]): void {
  if (port === undefined) return void client.destroy();
  const host = connect(port, "127.0.0.1");
  let isTaken = false;
  host.once("connect", () => {
    isTaken = true;
    client.pipe(host).pipe(client);
  });
  host.on("error", () => {
    if (isTaken) client.destroy();
    else pass(client, others);
  });
  host.on("close", () => isTaken && client.destroy());
  client.on("close", () => host.destroy());
}
