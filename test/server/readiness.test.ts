/** /readyz names its parts, and says of each that does not work why. */
import { expect, test } from "vitest";
import { engineReadiness, storageReadiness } from "#server/readiness.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { embeddedServer } from "./embedded-server.ts";

test("every part is named; a store that is gone, a closing and a recovering engine are not ready", async () => {
  await using directory = await temporaryDirectory();
  const store = await openSqliteStore({ dataDir: directory.path, mode: "local" });
  let isClosing = false;
  let recovering = false;
  let storeAway: string | null = null;
  let isSuspended = false;
  const stats = () => ({
    ...{ ...server.engine.stats(), recovering, continuedRuns: 7, storeAway },
    hosts: { withLease: 1, leaseLeftMs: 0, suspensions: 1, isSuspended },
  });
  await using server = await embeddedServer({
    readiness: [storageReadiness(store), engineReadiness({ stats }, () => isClosing)],
  });
  const ask = async () => {
    const answer = await server.app.inject({ url: "/readyz", headers: { host: "127.0.0.1" } });
    return { code: answer.statusCode, parts: answer.json().parts as Record<string, string> };
  };
  expect(await ask()).toEqual({ code: 200, parts: { storage: "ok", engine: "ok" } });
  recovering = true;
  expect(await ask()).toEqual({
    code: 503,
    parts: { storage: "ok", engine: "recovering: 7 run(s) are still being loaded" },
  });
  isClosing = true;
  expect((await ask()).parts["engine"]).toMatch(/^closing/);
  isClosing = false;
  recovering = false;
  storeAway = "the disk is full";
  expect((await ask()).parts["engine"]).toBe("nothing is kept: the disk is full");
  storeAway = null;
  isSuspended = true;
  expect((await ask()).parts["engine"]).toMatch(/^the lease of this host has run out/);
  isSuspended = false;
  await store.close();
  const { code, parts } = await ask();
  expect(code).toBe(503);
  expect(parts["storage"]).toMatch(/closed/);
  expect(parts["engine"]).toBe("ok");
});

test("a server that is given no parts asks its engine", async () => {
  await using server = await embeddedServer();
  const answer = await server.app.inject({ url: "/readyz", headers: { host: "127.0.0.1" } });
  expect(answer.json()).toEqual({ status: "ok", parts: { engine: "ok" } });
});
