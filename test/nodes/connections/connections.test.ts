/** Named connections: how they are written, what a step is lent, and that their secrets stay in. */
import { expect, it } from "vitest";
import { NodeError } from "#errors/step-error.ts";
import { BoundedPool } from "#nodes/connections/bounded-pool.ts";
import { parseConnections } from "#nodes/connections/connection-schema.ts";
import { connectionSummary } from "#nodes/connections/connection-summary.ts";
import { keepingIn, withConnection } from "#nodes/connections/connections.ts";
import { changingSecrets, connectionBook, nodeContext } from "../node-context.ts";

it.each([
  ["connections", []],
  ["connections.1a", { "1a": { kind: "http", baseUrl: "https://a.example" } }],
  ["connections.a.kind", { a: { kind: "ftp" } }],
  ["connections.a", { a: null }],
  ["connections.a.baseUrl", { a: { kind: "http", baseUrl: "https://u:p@a.example" } }],
  ["connections.a.baseUrl", { a: { kind: "http", baseUrl: "https://a.example/?x=1" } }],
  ["connections.a.baseUrl", { a: { kind: "http", baseUrl: "ftp://a.example" } }],
  [
    "connections.a.headers",
    { a: { kind: "http", baseUrl: "https://a.example", headers: { Host: "b" } } },
  ],
  ["connections.a", { a: { kind: "sqlite", file: "a.db", typo: 1 } }],
  ["connections.a.port", { a: { kind: "redis", host: "h", port: 70_000 } }],
])("names the place of a mistake: %s", (place, written) => {
  const { problems } = parseConnections(written);
  expect(problems).not.toEqual([]);
  expect(problems[0]).toMatch(new RegExp(`^${place.replaceAll(".", "\\.")}[.:]`));
});

it("refuses a password that is written out, and does not repeat it", () => {
  const plain = "plain-password-canary";
  const { problems } = parseConnections({
    db: { kind: "postgres", host: "h", database: "d", user: "u", password: plain },
    shop: {
      ...{ kind: "http", baseUrl: "https://a.example" },
      auth: { type: "bearer", token: plain },
    },
    key: {
      ...{ kind: "http", baseUrl: "https://a.example" },
      auth: { type: "apiKey", name: "X-Key", value: plain },
    },
  });
  expect(problems).toHaveLength(3);
  for (const problem of problems) expect(problem).toContain("{ secret: NAME }");
  expect(problems.join()).not.toContain(plain);
});

it("shows a connection without what is secret", () => {
  const { connections } = parseConnections({
    db: {
      ...{ kind: "postgres", host: "db.example", database: "shop", readOnly: true },
      ...{ user: { secret: "DB_USER" }, password: { secret: "DB_PASSWORD" } },
    },
  });
  const [db] = Object.values(connections);
  expect(db && connectionSummary("db", db)).toEqual({
    ...{ name: "db", kind: "postgres", address: "postgres://db.example:5432/shop" },
    ...{ auth: "password", secrets: ["DB_USER", "DB_PASSWORD"], isReadOnly: true },
  });
});

const SHOP = {
  shop: {
    ...{ kind: "http", baseUrl: "https://a.example" },
    auth: { type: "bearer", token: { secret: "TOKEN" } },
  },
};

it("resolves secrets at every use, and makes a new shared part when one has changed", async () => {
  const values = { TOKEN: "first-token-11" };
  await using book = connectionBook(SHOP, changingSecrets(values));
  const ended: string[] = [];
  const use = () =>
    withConnection(nodeContext({ connections: book }), "shop", ["http"], async (lent) => {
      const { auth } = lent.settings;
      const token = auth.type === "bearer" ? auth.token : "";
      return lent.shared(
        () => ({ length: token.length }),
        async ({ length }) => void ended.push(`ended ${length}`),
      );
    });
  const first = await use();
  expect(await use()).toBe(first);
  values.TOKEN = "the-second-token-22";
  expect(await use()).not.toBe(first);
  expect(ended).toEqual(["ended 14"]);
  await book.close();
  expect(ended).toEqual(["ended 14", "ended 19"]);
});

it("lets attempts that use the part of an old secret come to their end", async () => {
  const values = { TOKEN: "first-token-11" };
  await using book = connectionBook(SHOP, changingSecrets(values));
  const ended: string[] = [];
  const use = (done: Promise<void> = Promise.resolve()) =>
    withConnection(nodeContext({ connections: book }), "shop", ["http"], async (lent) => {
      const { auth } = lent.settings;
      const part = () =>
        lent.shared(
          () => (auth.type === "bearer" ? auth.token.length : 0),
          async (length) => void ended.push(`ended ${length}`),
        );
      const mine = part();
      await done;
      return mine;
    });
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = gates.map(({ promise }) => use(promise));
  await new Promise(setImmediate);
  values.TOKEN = "the-second-token-22";
  expect(await use()).toBe(19);
  expect(ended).toEqual([]);
  gates[0]?.resolve();
  expect(await slow[0]).toBe(14);
  expect(ended).toEqual([]);
  gates[1]?.resolve();
  await slow[1];
  expect(ended).toEqual(["ended 14"]);
  // One that is replaced in the midst of the close is ended by it, and once.
  const last = Promise.withResolvers<void>();
  const using = use(last.promise);
  await new Promise(setImmediate);
  values.TOKEN = "a-third-token-of-3333";
  await use();
  await book.close();
  expect(ended).toEqual(["ended 14", "ended 21", "ended 19"]);
  last.resolve();
  await using;
  expect(ended).toHaveLength(3);
});

it.each([
  ["is missing", {}, "secret_not_found"],
  ["is too short to be kept in", { TOKEN: "abc" }, "secret_unusable"],
])("fails when a secret %s", async (_, values, code) => {
  await using book = connectionBook(SHOP, changingSecrets(values as Record<string, string>));
  const use = withConnection(nodeContext({ connections: book }), "shop", ["http"], async () => 1);
  await expect(use).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/^connection shop: .*TOKEN/),
  });
});

it("knows no connection by a name of every object", async () => {
  await using book = connectionBook(SHOP);
  for (const name of ["constructor", "__proto__", "toString"])
    await expect(
      withConnection(nodeContext({ connections: book }), name, ["http"], async () => 1),
    ).rejects.toMatchObject({ code: "connection_unknown" });
  await expect(
    withConnection(nodeContext(), "shop", ["http"], async () => 1),
  ).rejects.toMatchObject({
    code: "connection_unknown",
    message: expect.stringContaining("lockstitch.config"),
  });
});

it("keeps values in, whichever way they try to get out", async () => {
  const values = [{ name: "TOKEN", value: "canary-token" }];
  expect(await keepingIn(values, async () => ({ a: ["x canary-token y"] }))).toEqual({
    a: ["x [secret TOKEN] y"],
  });
  await expect(
    keepingIn(values, async () => {
      throw new NodeError("failed", "no canary-token", {
        details: { at: "canary-token" },
        cause: new Error("canary-token"),
      });
    }),
  ).rejects.toSatisfy(
    (error: NodeError) =>
      error.message === "no [secret TOKEN]" &&
      error.cause === undefined &&
      JSON.stringify(error.details) === '{"at":"[secret TOKEN]"}',
  );
  await expect(
    keepingIn(values, async () => {
      throw new Error("plain canary-token");
    }),
  ).rejects.toThrow("plain [secret TOKEN]");
});

it("lends no more parts than it may, in turn, and ends what is broken", async () => {
  let made = 0;
  const ended: number[] = [];
  let most = 0;
  let used = 0;
  const pool = new BoundedPool<{ readonly id: number }>(3, {
    make: async () => {
      made += 1;
      return { id: made };
    },
    end: async ({ id }) => void ended.push(id),
    isAlive: () => true,
  });
  const { signal } = new AbortController();
  const work = (isBreaking: boolean) =>
    pool.lend(signal, async (_part, broken) => {
      used += 1;
      most = Math.max(most, used);
      await new Promise(setImmediate);
      used -= 1;
      if (isBreaking) broken();
    });
  await Promise.all(Array.from({ length: 50 }, (_, n) => work(n % 10 === 0)));
  expect(most).toBe(3);
  expect(made).toBe(3 + ended.length);
  expect(ended).toHaveLength(5);
  expect(pool.size).toBe(3);
  await expect(pool.lend(signal, () => Promise.reject(new Error("of the user")))).rejects.toThrow(
    "of the user",
  );
  await pool.close();
  expect(ended).toHaveLength(made);
});

it("hands the turn on when a part cannot be made, and forgets who gave up waiting", async () => {
  let isFailing = true;
  const pool = new BoundedPool<number>(1, {
    make: async () => {
      if (isFailing) throw new Error("cannot be made");
      return 1;
    },
    end: async () => {},
    isAlive: () => true,
  });
  const { signal } = new AbortController();
  await expect(pool.lend(signal, async () => 1)).rejects.toThrow("cannot be made");
  isFailing = false;
  const gate = Promise.withResolvers<void>();
  const first = pool.lend(signal, () => gate.promise);
  const giving = new AbortController();
  const second = pool.lend(giving.signal, async () => "never");
  const third = pool.lend(signal, async () => "third");
  giving.abort(new Error("gave up"));
  await expect(second).rejects.toThrow("gave up");
  gate.resolve();
  await first;
  expect(await third).toBe("third");
  await pool.close();
});
