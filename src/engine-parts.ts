/**
 * The parts of an opened data directory, with the real adapters: what the command line and an
 * embedding program have in common. With main.ts and lockstitch.ts this is the composition root.
 */
import { type AnyPart, type Composition, startParts } from "#cli/composition.ts";
import { openEmbeddedEngine } from "#engine/embedded/open.ts";
import type { EngineLimits } from "#engine/embedded/options.ts";
import type { Engine } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { sandboxPool } from "#nodes/code/code-javascript.ts";
import type { HttpRules } from "#nodes/define-node.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { Logger } from "#ports/logger.ts";
import type { Store } from "#ports/store.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { type Ownership, openOwnership } from "#storage/sqlite/ownership.ts";
import { systemClock } from "./system/system-clock.ts";
import { systemIds } from "./system/system-ids.ts";
import { systemRandom } from "./system/system-random.ts";

/** What an opened data directory consists of. */
export interface EngineParts {
  ownership: Ownership & { readonly owned: true };
  fileRoot: string | null;
  store: Store;
  sandbox: typeof sandboxPool;
  engine: Engine;
}

export interface EnginePartsOptions {
  /** The data directory, absolute. */
  readonly data: string;
  readonly logger: Logger;
  readonly nodes: NodeRegistry;
  readonly http: HttpRules;
  readonly limits: Partial<EngineLimits>;
  /** Called when the directory is owned; null: file nodes are off. */
  prepareFileRoot(): Promise<string | null>;
  /** Asked when the engine is stopped. */
  graceMs(): number;
}

/** Takes the data directory and opens the engine there. Throws store_owned, store_newer, store_corrupt. */
export async function startEngineParts(
  options: EnginePartsOptions,
): Promise<Composition<EngineParts>> {
  return await startParts<EngineParts>(partsOf(options));
}

function partsOf(options: EnginePartsOptions): readonly AnyPart<EngineParts>[] {
  const { data, logger, nodes, http, limits } = options;
  return [
    {
      name: "ownership",
      needs: [],
      start: () => own(data),
      stop: (ownership) => ownership.release(),
    },
    { name: "fileRoot", needs: ["ownership"], start: () => options.prepareFileRoot() },
    {
      name: "store",
      needs: ["ownership"],
      start: () => openSqliteStore({ dataDir: data, clock: systemClock, logger }),
      stop: (store) => store.close(),
    },
    { name: "sandbox", needs: [], start: () => sandboxPool, stop: (pool) => pool.close() },
    {
      name: "engine",
      needs: ["store", "fileRoot", "sandbox"],
      start: ({ store, fileRoot }) =>
        openEmbeddedEngine({
          store,
          clock: systemClock,
          random: systemRandom,
          ids: systemIds(systemClock),
          logger,
          nodes,
          services: { fileRoot, http },
          limits,
        }),
      stop: (engine) => engine.close(options.graceMs()),
    },
  ];
}

/** Takes the directory, or rejects with store_owned that names who has it. */
async function own(data: string): Promise<EngineParts["ownership"]> {
  const ownership = await openOwnership(data);
  if (ownership.owned) return ownership;
  const { pid, address } = ownership.owner;
  const who = pid === null ? "another process" : `process ${pid}`;
  const where = address === null ? "it serves no address" : `it serves ${address}`;
  throw new LockstitchError(
    "store_owned",
    `${data} is owned by ${who} (${where}). Stop it, or choose another directory with --data.`,
    { details: { pid, address, data } },
  );
}
