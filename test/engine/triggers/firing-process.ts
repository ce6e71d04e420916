/**
 * A process for kill.test.ts: `DATA KILL_AT` fires the schedules of a store until nothing is left to
 * fire, and says `done`. KILL_AT: it kills itself right before its so many-th change of
 * the store (0: never).
 */
import { killAtChange } from "../../support/kill-at-change.ts";

const [dataDir = "", killAt = "0"] = process.argv.slice(2);
const { openEmbeddedEngine } = await import("#engine/embedded/open.ts");
const { createRegistry } = await import("#nodes/registry.ts");
const { openSqliteStore } = await import("#storage/sqlite/open-sqlite-store.ts");
const { systemClock } = await import("../../../src/system/system-clock.ts");
const { systemIds } = await import("../../../src/system/system-ids.ts");
const { systemRandom } = await import("../../../src/system/system-random.ts");

const quiet = () => {};
const alive = setInterval(quiet, 60_000);
// In this thread, so that its changes can be counted.
const store = await openSqliteStore({ dataDir, mode: "local" });
await killAtChange(Number(killAt));
const engine = await openEmbeddedEngine({
  ...{ store, clock: systemClock, random: systemRandom, ids: systemIds(systemClock) },
  nodes: createRegistry([]),
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  services: {
    fileRoot: null,
    http: {
      ...{ allowPrivate: false, allowCidrs: [], allowHosts: [], denyHosts: [] },
      ...{ redirectsMax: 0, responseBytesMax: 0, timeoutMs: 0, callsPerRunMax: 0 },
    },
  },
});
const isDone = async () => (await store.triggers.nextDueAtMs()) === null;
const look = async (): Promise<void> => {
  if (!(await isDone())) {
    systemClock.after(50, () => void look());
    return;
  }
  await engine.close(1_000);
  await store.close();
  clearInterval(alive);
  process.stdout.write("done\n");
};
await look();
