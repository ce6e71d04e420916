/** A disk that is nearly full refuses starts; one that is full loses nothing. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openEmbeddedEngine } from "#engine/embedded/open.ts";
import type { EngineOptions } from "#engine/embedded/options.ts";
import { createRegistry } from "#nodes/registry.ts";
import type { Disk } from "#ports/disk.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { systemClock } from "../../src/system/system-clock.ts";
import { systemIds } from "../../src/system/system-ids.ts";
import { systemRandom } from "../../src/system/system-random.ts";
import { loopImage } from "../support/loop-image.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { context, workflow } from "./engine-fixture.ts";
import { until } from "./sqlite-fixture.ts";

const DEADLINE_MS = 120_000;
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const waiting = workflow("waiting", {
  steps: [
    { id: "w", uses: "wait.signal", with: { name: "go" } },
    { id: "b", uses: "format", with: { value: 3 } },
  ],
});

/** Goes on by itself four times a second, for a minute at most. */
const ticking = workflow("ticking", {
  steps: Array.from({ length: 240 }, (_, at) => ({
    id: `tick${at}`,
    uses: "wait.for",
    with: { duration: "250ms" },
  })),
});

async function openEngine(dataDir: string, more: Partial<EngineOptions>) {
  const store = await openSqliteStore({ dataDir });
  const engine = await openEmbeddedEngine({
    ...{ store, clock: systemClock, random: systemRandom, ids: systemIds(systemClock) },
    ...{ nodes: createRegistry(), logger: silent },
    services: {
      fileRoot: null,
      http: {
        ...{ allowPrivate: false, allowCidrs: [], allowHosts: [], denyHosts: [] },
        ...{ redirectsMax: 0, responseBytesMax: 0, timeoutMs: 0, callsPerRunMax: 0 },
      },
    },
    ...more,
  });
  return {
    engine,
    async [Symbol.asyncDispose]() {
      await engine.close(0);
      await store.close();
    },
  };
}

test("below the limit new starts are refused, and what runs goes on", async () => {
  await using directory = await temporaryDirectory();
  let freeBytes = 50;
  let look = () => {};
  const disk: Disk = { room: async () => ({ freeBytes, totalBytes: 1_000 }) };
  // Only the guard waits ten seconds.
  const clock = {
    ...systemClock,
    after: (delayMs: number, wake: () => void) => {
      if (delayMs !== 10_000) return systemClock.after(delayMs, wake);
      look = wake;
      return () => {};
    },
  };
  const options = { clock, disk: { disk, freeMin: 0.05 } };
  await using opened = await openEngine(directory.path, options);
  const { engine } = opened;
  const lookAgain = async () => {
    look();
    // The guard asks once, and answers in the next turns of the event loop.
    for (let turns = 0; turns < 5; turns++) await new Promise<void>((done) => setImmediate(done));
  };
  const { run } = await engine.start(context, { workflow: waiting });
  expect(engine.stats().upkeep?.isDiskLow).toBe(false);
  freeBytes = 49;
  await lookAgain();
  expect(engine.stats().upkeep?.isDiskLow).toBe(true);
  await expect(engine.start(context, { workflow: waiting })).rejects.toMatchObject({
    code: "disk_low",
    message: expect.stringContaining("4.9 % free"),
    details: { freePercent: 4.9, retryAfterS: 30 },
  });
  await expect(engine.rerun(context, run.id, {})).rejects.toMatchObject({ code: "disk_low" });
  await engine.signal(context, run.id, { name: "go" });
  expect((await engine.wait(context, run.id, DEADLINE_MS)).status).toBe("succeeded");
  freeBytes = 60;
  await lookAgain();
  expect((await engine.start(context, { workflow: waiting })).created).toBe(true);
});

test("a full disk refuses commits and loses nothing", async (task) => {
  const image = await loopImage(24 * 1_048_576).catch((error: Error) => {
    const reason = `no loop-mounted file system here: ${error.message}`;
    process.stderr.write(`\nSKIPPED: ${task.task.name}: ${reason}\n`);
    return task.skip(reason);
  });
  await using disk = image;
  const { mount } = disk;
  const dataDir = join(mount.path, "data");
  const filler = join(mount.path, "filler");
  {
    await using opened = await openEngine(dataDir, {});
    const { engine } = opened;
    const { run } = await engine.start(context, { workflow: waiting });
    const ticks = await engine.start(context, { workflow: ticking });
    const large = { text: "x".repeat(60_000) };
    let size = 24 * 1024 * 1024;
    // What is left of each try stays: a file system without a free block.
    for (; size >= 1_024; size = Math.floor(size / 2))
      try {
        writeFileSync(`${filler}-${size}`, Buffer.alloc(size, 7));
      } catch {
        // As full as it gets at this size.
      }
    const kept: string[] = [];
    const refused = await (async () => {
      for (let at = 0; at < 200; at++)
        try {
          const id = `fill${at}`;
          await engine.start(context, { workflow: waiting, id, input: large });
          kept.push(id);
        } catch (error) {
          return error;
        }
      return null;
    })();
    expect(refused).toMatchObject({ code: "store_unavailable" });
    // Where a timer leads to is tried until there is room.
    await until("the store is said to be away", () => engine.stats().storeAway !== null);
    expect(engine.stats().storeAway).toMatch(/full/);
    for (let at = 24 * 1024 * 1024; at >= 1_024; at = Math.floor(at / 2))
      rmSync(`${filler}-${at}`, { force: true });
    // The pause after the refusal may not have passed yet: then the call says so, and is repeated.
    for (let isTaken = false; !isTaken; await new Promise((done) => setImmediate(done)))
      isTaken = await engine.signal(context, run.id, { name: "go", id: "go" }).then(
        () => true,
        (error: { code?: string }) => {
          if (error.code === "store_unavailable") return false;
          throw error;
        },
      );
    expect((await engine.wait(context, run.id, DEADLINE_MS)).status).toBe("succeeded");
    // It is answered with the first of the turns in which hundreds of steps are cancelled.
    await engine.cancel(context, ticks.run.id);
    expect((await engine.wait(context, ticks.run.id, DEADLINE_MS)).status).toBe("cancelled");
    expect(engine.stats().storeAway).toBeNull();
    for (const id of kept) expect((await engine.get(context, id))?.id).toBe(id);
  }
  await using again = await openEngine(dataDir, {});
  expect((await again.engine.start(context, { workflow: waiting })).created).toBe(true);
});
