/** Poolers that do not give each connection a session of its own are refused, before a table is made. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { postgresForTests, type TestDatabase } from "./postgres-fixture.ts";

const postgres = postgresForTests();

/** A server of ours that handles each connection, and the database's URL through it. */
async function through(database: TestDatabase, handle: (client: Socket) => void) {
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    sockets.add(client);
    client.on("error", () => {});
    handle(client);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const url = new URL(database.url);
  const serverPort = Number(url.port);
  url.port = String((listener.address() as AddressInfo).port);
  return {
    ...{ url: url.toString(), serverPort },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
}

/** The server's answer up to the end of the handshake: ready, in no transaction. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
/** What a client sends that hangs up. */
const TERMINATE = 0x58;

describe.skipIf(postgres === null)("a pooler in between", () => {
  if (postgres === null) return;
  const opened = (url: string) =>
    openPostgresStore({ url, claim: "none", poolMax: 2 }).then(
      async (store) => {
        await store.close();
        return null;
      },
      (error: unknown) => error,
    );

  test("that does not pass the settings of a session on", async () => {
    await using database = await postgres.database(true);
    const { port } = postgres.server;
    await using pooler = await through(database, (client) => {
      const server = connect(port, "127.0.0.1");
      server.on("error", () => {});
      server.pipe(client);
      client.on("close", () => server.destroy());
      client.once("data", (startup: Buffer) => {
        // The parameter is another one now, which means nothing to the server.
        server.write(
          Buffer.from(startup.toString("latin1").replace("options", "my.opts"), "latin1"),
        );
        client.pipe(server);
      });
    });
    expect(await opened(pooler.url)).toMatchObject({
      code: "config_invalid",
      message: expect.stringMatching(/search_path = .*PgBouncer: pool_mode = session/),
    });
    // Not in a schema of somebody else's either.
    expect(await database.query("SELECT to_regclass('public.runs') AS runs")).toEqual([
      { runs: null },
    ]);
  });

  test("that refuses the settings of a session", async () => {
    await using database = await postgres.database(true);
    const said = "unsupported startup parameter in options: jit";
    const fields = `SFATAL\0VFATAL\0C08P01\0M${said}\0\0`;
    const length = Buffer.alloc(4);
    length.writeInt32BE(4 + fields.length);
    await using pooler = await through(database, (client) => {
      client.once("data", () =>
        client.end(Buffer.concat([Buffer.from("E"), length, Buffer.from(fields)])),
      );
    });
    expect(await opened(pooler.url)).toMatchObject({
      code: "config_invalid",
      message: expect.stringMatching(/unsupported startup parameter in options: jit.*PgBouncer/),
    });
  });

  test("that lends one session of the server to all of its clients", async () => {
    await using database = await postgres.database();
    const { port } = postgres.server;
    let server: Socket | null = null;
    let greeting = Buffer.alloc(0);
    let asking: Socket | null = null;
    await using pooler = await through(database, (client) => {
      asking = client;
      if (server === null) {
        const made = connect(port, "127.0.0.1");
        server = made;
        made.on("error", () => {});
        made.on("data", (answer: Buffer) => {
          if (!greeting.subarray(-READY.length).equals(READY))
            greeting = Buffer.concat([greeting, answer]);
          asking?.write(answer);
        });
      } else {
        // The handshake of the first one, from where it was let in.
        client.once("data", () => client.write(greeting.subarray(greeting.indexOf(LET_IN))));
      }
      let isFirst = greeting.length > 0;
      client.on("data", (asked: Buffer) => {
        asking = client;
        if (!isFirst && asked[0] !== TERMINATE) server?.write(asked);
        isFirst = false;
      });
    });
    expect(await opened(pooler.url)).toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("two connections have one session of the server"),
    });
    (server as Socket | null)?.destroy();
  });
});

/** AuthenticationOk. */
const LET_IN = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
