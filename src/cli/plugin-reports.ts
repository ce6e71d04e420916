/**
 * How the plugins of the configuration are: each is looked at here and now, in its sealed process,
 * and where a server runs the data directory, it is asked how its own processes do.
 */
import { LockstitchError } from "#errors/errors.ts";
import { createRegistry } from "#nodes/registry.ts";
import { loadPlugin } from "#plugins/load-plugin.ts";
import type { Permissions } from "#plugins/permissions.ts";
import type { PluginEntry } from "#plugins/plugin-entry.ts";
import type { RunningPlugin } from "./machine.ts";
import type { Session } from "./session.ts";

export interface PluginReport {
  readonly from: string;
  readonly name: string | null;
  readonly version: string | null;
  readonly types: readonly string[];
  /** What it has; null where it is refused. */
  readonly permissions: Permissions | null;
  readonly sealed: boolean;
  /** Whether only a signed one is run, and it is. */
  readonly signed: boolean;
  /** null: it can run. */
  readonly refusal: string | null;
  /** null: nobody runs it now. */
  readonly health: RunningPlugin | null;
}

export function builtInTypes(): readonly string[] {
  return createRegistry().names();
}

export async function pluginReports(session: Session): Promise<readonly PluginReport[]> {
  const settings = await session.settings();
  const running = await runningPlugins(session);
  return await Promise.all(
    settings.plugins.map(async (entry) => {
      const common = { from: entry.from, sealed: entry.sealed };
      try {
        const { manifest, permissions } = await loadPlugin(entry, {
          environment: session.machine.env,
          http: settings.http,
          builtIn: builtInTypes(),
        });
        const { name, version, nodes } = manifest;
        return {
          ...{ ...common, name, version, types: nodes.map(({ type }) => type), permissions },
          ...{ signed: isSigned(entry), refusal: null, health: running.get(name) ?? null },
        };
      } catch (error) {
        if (!(error instanceof LockstitchError)) throw error;
        return {
          ...{ ...common, name: null, version: null, types: [], permissions: null },
          ...{ signed: false, refusal: error.message, health: null },
        };
      }
    }),
  );
}

function isSigned({ key }: PluginEntry): boolean {
  return key !== undefined;
}

/** By name, of the server that runs the data directory; empty: there is none that answers. */
async function runningPlugins({ machine, settings }: Session) {
  const resolved = await settings();
  const owner = resolved.plugins.length === 0 ? null : await machine.ownerOf(resolved);
  if (owner === null || owner.address === null) return new Map<string, RunningPlugin>();
  const items = await machine.pluginsOf(owner.address, resolved).catch((error: unknown) => {
    // It may have ended since it was found, and then nobody runs them. A server that refuses is told.
    if (error instanceof LockstitchError && error.code === "store_unavailable") return [];
    throw error;
  });
  return new Map(items.map((plugin) => [plugin.name, plugin]));
}
