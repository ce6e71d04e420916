/** The gate between a host and its database does what its states say. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { DatabaseGate } from "./database-gate.ts";

/** Notes what arrives, and says it back. */
async function startEcho() {
  let heard = "";
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      heard += chunk.toString();
      socket.write(chunk);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    heard: () => heard,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

async function said(socket: Socket): Promise<string> {
  return String((await once(socket, "data"))[0]);
}

test("what is sent through a stalled gate arrives when it opens, also of a sender that has gone", async () => {
  await using echo = await startEcho();
  await using gate = await DatabaseGate.to(echo.port);
  const [stays, goes] = [await connected(gate.port), await connected(gate.port)];
  stays.write("one ");
  expect(await said(stays)).toBe("one ");

  gate.stall();
  goes.write("late ");
  goes.destroy();
  stays.write("two ");
  const newcomer = await connected(gate.port);
  newcomer.write("three ");
  // A round trip past the gate: it has everything by then.
  const past = await connected(echo.port);
  past.write("past ");
  expect(await said(past)).toBe("past ");
  expect(echo.heard()).toBe("one past ");

  gate.open();
  expect(await said(stays)).toBe("two ");
  expect(await said(newcomer)).toBe("three ");
  await expect.poll(echo.heard).toContain("late ");
  for (const socket of [stays, newcomer, past]) socket.destroy();
});

test("a gate that refuses cuts what is there and what comes, until it opens", async () => {
  await using echo = await startEcho();
  await using gate = await DatabaseGate.to(echo.port);
  const before = await connected(gate.port);
  const cut = once(before, "close");
  gate.refuse();
  await cut;
  const refused = connect(gate.port, "127.0.0.1");
  refused.on("error", () => undefined);
  await once(refused, "close");

  gate.open();
  const after = await connected(gate.port);
  after.write("again");
  expect(await said(after)).toBe("again");
  gate.cut();
  await once(after, "close");
});
