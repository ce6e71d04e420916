/** Lockstitch as `npm start` runs it, driven over HTTP from this process, and the same engine inside this process. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openEmbeddedEngine } from "../src/engine/embedded/open.ts";
import { type EngineOptions, READER } from "../src/engine/embedded/options.ts";
import type { Engine } from "../src/engine/engine.ts";
import { openHostEngine } from "../src/engine/hosts/host-engine.ts";
import { createRegistry } from "../src/nodes/registry.ts";
import { standardErrorLogger } from "../src/observe/logger.ts";
import type { CallContext } from "../src/ports/call-context.ts";
import type { Logger } from "../src/ports/logger.ts";
import type { Store } from "../src/ports/store.ts";
import { openPostgresStore } from "../src/storage/postgres/open-postgres-store.ts";
import { openSqliteStore } from "../src/storage/sqlite/open-sqlite-store.ts";
import { systemClock } from "../src/system/system-clock.ts";
import { systemIds } from "../src/system/system-ids.ts";
import { systemRandom } from "../src/system/system-random.ts";
import { startChild } from "./child.ts";
import { callJson } from "./http-json.ts";
import { checkKept, checkKeptIn } from "./kept.ts";
import { noop } from "./lockstitch.config.ts";
import {
  Claims,
  PURE_STEPS,
  PURE_WORKFLOW,
  pureWorkflow,
  SIZES,
  type Size,
  type Subject,
  workflowName,
  workflowOf,
} from "./subject.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const WAIT_MS = 60_000;
export const LEASE_MS = 10_000;

/** `execArgv` goes to the server's Node, for a profile; `root` holds the sources that it runs. */
export async function lockstitchOverHttp(
  folder: string,
  {
    execArgv = [],
    root = ROOT,
  }: { readonly execArgv?: readonly string[]; readonly root?: string } = {},
): Promise<Subject> {
  const dataDir = join(folder, "lockstitch");
  const child = await startChild(
    process.execPath,
    [
      ...execArgv,
      join(root, "bin/lockstitch.js"),
      ...["start", "--json", "--port", "0", "--data", dataDir],
      ...["--config", join(root, "bench/lockstitch.config.ts")],
    ],
    { isReady: (output) => output.includes("}") },
  );
  const { address } = JSON.parse(child.output()) as { readonly address: string };
  for (const size of SIZES)
    await callJson(`${address}/api/v1/workflows/${workflowName(size)}`, "PUT", workflowOf(size));
  await callJson(`${address}/api/v1/workflows/${PURE_WORKFLOW}`, "PUT", pureWorkflow());
  const claims = new Claims();
  const run = async (workflow: string, steps: number) => {
    claims.add(steps);
    const ended = await callJson(
      `${address}/api/v1/runs`,
      "POST",
      { workflow },
      { prefer: "wait=60" },
    ).catch((cause: unknown) => {
      throw new Error(`${String(cause)}; ${child.fate()}`, { cause });
    });
    mustHaveSucceeded(ended as RunAnswer);
  };
  return {
    name: "lockstitch",
    run: (steps) => run(workflowName(steps), steps),
    compute: () => run(PURE_WORKFLOW, PURE_STEPS),
    async close() {
      await child.end();
      return await checkKept(dataDir, claims);
    },
  };
}

export async function lockstitchInProcess(folder: string): Promise<Subject> {
  const dataDir = join(folder, "in-process");
  const logger = standardErrorLogger("warn", (line) => line);
  const store = await openSqliteStore({ dataDir, clock: systemClock, logger });
  return await inProcess("in process", {
    ...{ store, logger, open: openEmbeddedEngine },
    check: (claims) => checkKept(dataDir, claims),
  });
}

/** A host on the database that `url` names; `check` counts afterwards what is kept. */
export async function lockstitchOnDatabase(url: string, check = checkKeptIn): Promise<Subject> {
  const logger = standardErrorLogger("warn", (line) => line);
  const host = { name: "bench", reader: READER, leaseMs: LEASE_MS };
  const store = await openPostgresStore({ url, clock: systemClock, logger, host });
  const { hosts } = store;
  if (hosts === undefined) throw new Error("the store has no hosts");
  return await inProcess("lockstitch", {
    ...{ store, logger },
    open: (options) => openHostEngine(options, { hosts, takesRuns: true }),
    check: (claims) => check(url, claims),
  });
}

async function inProcess(
  name: string,
  of: {
    readonly store: Store;
    readonly logger: Logger;
    open(options: EngineOptions): Promise<Engine>;
    check(claims: Claims): Promise<readonly string[]>;
  },
): Promise<Subject> {
  const { store, logger } = of;
  const engine = await of.open({
    ...{ store, logger, clock: systemClock, random: systemRandom, ids: systemIds(systemClock) },
    nodes: createRegistry([noop]),
    services: { fileRoot: null, http: NO_HTTP },
  });
  const context: CallContext = { tenant: "default", principal: "bench", trace: null };
  for (const size of SIZES) await engine.saveWorkflow(context, workflowOf(size) as never);
  await engine.saveWorkflow(context, pureWorkflow() as never);
  const claims = new Claims();
  const run = async (workflow: string, steps: number) => {
    claims.add(steps);
    const { run: ended } = await engine.start(
      context,
      { workflow },
      { wait: { timeoutMs: WAIT_MS } },
    );
    mustHaveSucceeded(ended);
  };
  return {
    name,
    run: (steps: Size) => run(workflowName(steps), steps),
    compute: () => run(PURE_WORKFLOW, PURE_STEPS),
    async close() {
      await engine.close(0);
      await store.close();
      return await of.check(claims);
    },
  };
}

interface RunAnswer {
  readonly id: string;
  readonly status: string;
}

function mustHaveSucceeded(run: RunAnswer): void {
  if (run.status !== "succeeded") throw new Error(`run ${run.id} is ${run.status}`);
}

export const NO_HTTP = {
  allowPrivate: false,
  allowCidrs: [],
  allowHosts: [],
  denyHosts: [],
  redirectsMax: 0,
  responseBytesMax: 0,
  timeoutMs: 0,
  callsPerRunMax: 0,
} as const;
