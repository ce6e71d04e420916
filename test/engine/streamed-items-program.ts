/**
 * A process for streamed-items.test.ts: `DATA FILES WORKFLOW [CHUNKS]` runs a workflow over `in.csv`
 * and prints where its stream was opened, and what came out with the memory it took. CHUNKS: it kills
 * itself when so many chunks have been asked for.
 */
import { openEmbeddedEngine } from "#engine/embedded/open.ts";
import { createRegistry } from "#nodes/registry.ts";
import { threadStreams } from "#nodes/stream/stream-items.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { systemClock } from "../../src/system/system-clock.ts";
import { systemIds } from "../../src/system/system-ids.ts";
import { systemRandom } from "../../src/system/system-random.ts";
import { context } from "./engine-fixture.ts";

const [dataDir = "", fileRoot = "", workflow = "{}", killAt = "0"] = process.argv.slice(2);
const services = { fileRoot, scratchRoot: `${dataDir}/scratch` };
const threads = threadStreams(services);
const opened: { readonly from: number; readonly isPlaced: boolean }[] = [];
let asked = 0;

const quiet = () => {};
const alive = setInterval(quiet, 60_000);
const engine = await openEmbeddedEngine({
  store: await openSqliteStore({ dataDir }),
  ...{ clock: systemClock, random: systemRandom, ids: systemIds(systemClock) },
  nodes: createRegistry([]),
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  services: {
    ...services,
    http: {
      ...{ allowPrivate: false, allowCidrs: [], allowHosts: [], denyHosts: [] },
      ...{ redirectsMax: 0, responseBytesMax: 0, timeoutMs: 0, callsPerRunMax: 0 },
    },
  },
  streams: {
    open(request) {
      opened.push({ from: request.from, isPlaced: request.position !== null });
      const reader = threads.open(request);
      return {
        close: (how) => reader.close(how),
        async next() {
          // The chunks before are durable: the next one is asked for after their commit.
          if (++asked === Number(killAt)) process.kill(process.pid, "SIGKILL");
          return await reader.next();
        },
      };
    },
  },
});
await engine.start(context, { workflow: JSON.parse(workflow), id: "r" });
const { status, output, error } = await engine.wait(context, "r", 100_000);
await engine.close(0);
clearInterval(alive);
const peakMib = Math.round(process.resourceUsage().maxRSS / 1_024);
process.stdout.write(JSON.stringify({ status, output, error, opened, asked, peakMib }));
