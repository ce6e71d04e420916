/**
 * From an operator's entry to a plugin that may run: found, signed as asked, looked at in a process
 * without any permission, and granted what it declares. Whatever is missing refuses it, with the reason.
 *
 *   1. No code of a plugin runs before its signature is right and the wall around it stands.
 *   2. What it declares comes from its own code, run without permissions. The process that later has
 *      them must say the same of itself (plugin.ts).
 */
import { existsSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { HttpRules } from "#nodes/define-node.ts";
import { type Manifest, parseManifest, refused } from "./manifest.ts";
import {
  type Grant,
  isAskingNothing,
  isWithin,
  located,
  missingGrants,
  NO_PERMISSIONS,
  type Permissions,
} from "./permissions.ts";
import type { PluginEntry } from "./plugin-entry.ts";
import { deniedHosts } from "./plugin-http.ts";
import { type LinkEvents, PluginLink } from "./plugin-link.ts";
import { locatePlugin, type PluginSource } from "./plugin-source.ts";
import { sealFault, startCommand } from "./sealed-command.ts";
import { signatureFault } from "./signature.ts";

export interface LoadOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly http: HttpRules;
  /** Types that are there without plugins. */
  readonly builtIn: readonly string[];
}

export interface LoadedPlugin {
  readonly entry: PluginEntry;
  readonly source: PluginSource;
  readonly manifest: Manifest;
  /** As the plugin said it; a later start must say the same. */
  readonly said: unknown;
  /** What it has, with absolute folders. */
  readonly permissions: Permissions;
}

const LOOK_MS_MAX = 30_000;

/** Throws LockstitchError config_invalid with the reason. */
export async function loadPlugin(entry: PluginEntry, options: LoadOptions): Promise<LoadedPlugin> {
  const { source, said, manifest } = await lookAtPlugin(entry, options);
  const permissions = granted(manifest.permissions, entry, source, options.http);
  return { entry, source, said, manifest, permissions };
}

/** The plugin without a look at what it is granted. Throws LockstitchError config_invalid. */
export async function lookAtPlugin(
  entry: PluginEntry,
  { builtIn }: Pick<LoadOptions, "builtIn">,
): Promise<Pick<LoadedPlugin, "source" | "manifest" | "said">> {
  const source = locatePlugin(entry.from, entry.base);
  const said = await saidBy(entry, source);
  return { source, said, manifest: parseManifest(said, entry.from, builtIn) };
}

/** Starts a process of the plugin. Throws LockstitchError config_invalid where it may not run. */
export function startLink(
  { entry, source, permissions }: Pick<LoadedPlugin, "entry" | "source" | "permissions">,
  environment: LoadOptions["environment"],
  events: LinkEvents,
): PluginLink {
  refuseUnsigned(entry, source);
  const fault = entry.sealed ? sealFault() : null;
  if (fault !== null) throw refused(entry.from, `${fault}. ${UNSEALED_HINT}`);
  const { folders } = permissions;
  const star = [source.folder, ...source.packages, ...folders.read, ...folders.write].find((path) =>
    /[*\n]/.test(path),
  );
  if (star !== undefined)
    throw refused(entry.from, `${star} has a * in its name, which Node takes for any text.`);
  const command = startCommand({
    isSealed: entry.sealed,
    script: fileURLToPath(PROCESS),
    arguments: [source.entry, join(ZOD_FOLDER, "index.js")],
    read: [...OWN_CODE, ZOD_FOLDER, source.folder, ...source.packages, ...folders.read],
    write: folders.write,
    links: source.links,
    heapMib: Math.floor(entry.memoryMib / 2),
    fileMib: entry.diskMib ?? null,
  });
  const given = permissions.environment.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const { memoryMib, unresponsiveMs, processors, diskMib = null } = entry;
  const limits = { memoryMib, unresponsiveMs, processors, diskMib, folders: folders.write };
  return new PluginLink(command, Object.fromEntries(given), limits, events);
}

export const UNSEALED_HINT =
  "Where you trust the plugin as your own code, `sealed: false` runs it on Node's permission model alone (docs/plugins.md).";

const PROCESS = new URL("./plugin-process.ts", import.meta.url);
/** `src/` or `dist/`, with the package.json files that name its aliases. */
const OWN_FOLDER = realpathSync(fileURLToPath(new URL("..", import.meta.url)));
const OWN_CODE: readonly string[] = [OWN_FOLDER, join(dirname(OWN_FOLDER), "package.json")];
const ZOD_FOLDER = realpathSync(
  dirname(createRequire(import.meta.url).resolve("zod/package.json")),
);

function refuseUnsigned({ key, base, from }: PluginEntry, source: PluginSource): void {
  if (key === undefined) return;
  if (source.packages.length > 0)
    throw refused(
      from,
      `it needs ${source.packages.length} packages outside of its folder, which a signature does not cover; bundle them.`,
    );
  const fault = signatureFault(source.folder, key, base);
  if (fault !== null) throw refused(from, fault);
}

/** What its code says, run without permissions. */
function saidBy(entry: PluginEntry, source: PluginSource): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let said: { readonly manifest?: unknown } | null = null;
    let told: string | null = null;
    const link = startLink(
      { entry, source, permissions: NO_PERMISSIONS },
      {},
      {
        onMessage(message) {
          if (message.kind === "ready") said = message;
          if (message.kind === "refused") told = message.message;
          link.kill("stopped", "it has said what it is");
        },
        onEnd(end) {
          clearTimeout(timer);
          if (said !== null) return resolve(said.manifest);
          const hint = end.reason === "unsealed" ? `. ${UNSEALED_HINT}` : "";
          const why = `${end.text}${end.words === "" ? "" : `: ${end.words}`}${hint}`;
          reject(refused(entry.from, told === null ? why : `it cannot be loaded: ${told}`));
        },
        onLine() {},
      },
    );
    const timer = setTimeout(
      () => link.kill("unresponsive", `it was not loaded after ${LOOK_MS_MAX / 1_000} s`),
      LOOK_MS_MAX,
    );
  });
}

/** What the plugin gets. Throws config_invalid for the first thing that cannot be. */
function granted(
  declared: Permissions,
  { from, allow, base }: PluginEntry,
  source: PluginSource,
  http: HttpRules,
): Permissions {
  const refuseUngranted = (wanted: Permissions, grant: Grant) => {
    const missing = missingGrants(wanted, grant);
    if (missing.length === 0) return;
    const allowing = `plugins: [{ from: ${JSON.stringify(from)}, allow: ${JSON.stringify(askedFor(declared))} }]`;
    throw refused(
      from,
      `it asks for what is not granted: ${missing.join(", ")}. Grant it in the configuration: ${allowing}.`,
    );
  };
  const named = located(declared, base);
  const allowed = allow === "declared" ? allow : located(allow, base);
  refuseUngranted(named, allowed);
  // Once more without links: one could lead out of what is granted.
  const permissions = realFolders(named, from);
  refuseUngranted(permissions, allowed === "declared" ? allowed : existingFolders(allowed));
  const own = permissions.folders.write.find((folder) => isWithin(source.folder, folder));
  if (own !== undefined)
    throw refused(from, `it may not write ${own}, where its own code lies; name another folder.`);
  const denied = deniedHosts(permissions.network.hosts, http);
  if (denied.length > 0)
    throw refused(
      from,
      `the operator's http.allowHosts and http.denyHosts keep it from ${denied.join(", ")}.`,
    );
  return permissions;
}

/** What is declared, without the empty parts, to be pasted. */
function askedFor({ folders, environment, network, secrets }: Permissions): object {
  const full = { read: folders.read, write: folders.write };
  const parts = Object.entries(full).filter(([, list]) => list.length > 0);
  return {
    ...(parts.length === 0 ? {} : { folders: Object.fromEntries(parts) }),
    ...(environment.length === 0 ? {} : { environment }),
    ...(network.hosts.length === 0 ? {} : { network }),
    ...(secrets.length === 0 ? {} : { secrets }),
  };
}

function realFolders(permissions: Permissions, from: string): Permissions {
  return withFolders(permissions, (folder) => {
    if (!existsSync(folder) || !statSync(folder).isDirectory())
      throw refused(from, `it asks for the folder ${folder}, which is not there; make it first.`);
    return [realpathSync(folder)];
  });
}

/** A grant may name folders that are not there (yet): they grant nothing. */
function existingFolders(permissions: Permissions): Permissions {
  return withFolders(permissions, (folder) => (existsSync(folder) ? [realpathSync(folder)] : []));
}

function withFolders(
  permissions: Permissions,
  real: (folder: string) => readonly string[],
): Permissions {
  const { read, write } = permissions.folders;
  return {
    ...permissions,
    folders: { read: read.flatMap(real), write: write.flatMap(real) },
  };
}

/** The entry that an operator would write for a plugin that says this of itself. */
export function entryText(from: string, { permissions }: Manifest): string {
  return isAskingNothing(permissions)
    ? JSON.stringify(from)
    : JSON.stringify({ from, allow: askedFor(permissions) });
}
