/** A process for firing-hosts.ts: `URL NAME LEASE_MS` is one host of a database that fires its schedules until it is killed. */
import { openHostEngine } from "#engine/hosts/host-engine.ts";
import { createRegistry } from "#nodes/registry.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { aheadClock } from "../../../src/system/ahead-clock.ts";
import { systemClock } from "../../../src/system/system-clock.ts";
import { systemIds } from "../../../src/system/system-ids.ts";
import { systemRandom } from "../../../src/system/system-random.ts";

const [url = "", name = "", leaseMs = "2000"] = process.argv.slice(2);
const clock = aheadClock(systemClock);
const alive = setInterval(() => {}, 60_000);
const store = await openPostgresStore({
  ...{ url, clock, poolMax: 3 },
  host: { name, reader: 1, leaseMs: Number(leaseMs) },
});
const { hosts } = store;
if (hosts === undefined) throw new Error("the store has no hosts");
const quiet = () => {};
const engine = await openHostEngine(
  {
    ...{ store, clock, random: systemRandom, ids: systemIds(clock), nodes: createRegistry([]) },
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    services: {
      fileRoot: null,
      http: {
        ...{ allowPrivate: false, allowCidrs: [], allowHosts: [], denyHosts: [] },
        ...{ redirectsMax: 0, responseBytesMax: 0, timeoutMs: 0, callsPerRunMax: 0 },
      },
    },
  },
  { hosts, takesRuns: true, onStoreClock: clock.adjust },
);
process.stdout.write("ready\n");
process.stdin.on("end", async () => {
  await engine.close(1_000);
  await store.close();
  clearInterval(alive);
});
process.stdin.resume();
