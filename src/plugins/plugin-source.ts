/**
 * Where a plugin lies and what of it a process must be able to read: its folder, and the packages
 * that its package.json depends on, with theirs. Reads package.json files; runs nothing.
 */
import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import { isMissing } from "#errors/is-missing.ts";
import { refused } from "./manifest.ts";

export interface PluginSource {
  /** As the operator wrote it. */
  readonly from: string;
  /** Real path. */
  readonly folder: string;
  readonly entry: string;
  /** Folders of packages outside of `folder`, real paths. */
  readonly packages: readonly string[];
  /** Where a package is looked for and lies elsewhere: link, target. */
  readonly links: readonly (readonly [string, string])[];
}

const Package = z.looseObject({
  main: z.string().optional(),
  exports: z.unknown().optional(),
  dependencies: z.record(z.string(), z.unknown()).optional(),
});

const PACKAGES_MAX = 500;
const ENTRIES = ["plugin.ts", "plugin.js", "plugin.mjs"];
/** The host gives its own (plugin-process.ts). */
const OWN_PACKAGES: ReadonlySet<string> = new Set(["lockstitch", "zod"]);

/** Throws LockstitchError config_invalid. `base`: the folder of the configuration, or the working directory. */
export function locatePlugin(from: string, base: string): PluginSource {
  const isPath = /^\.{0,2}\//.test(from) || from === "." || from === ".." || isAbsolute(from);
  const found = isPath ? resolve(base, from) : packageFolder(from, base);
  if (found === null)
    throw refused(
      from,
      `no package of that name is installed for ${base}; a folder is written with ./ before it.`,
    );
  if (!existsSync(found) || !statSync(found).isDirectory())
    throw refused(from, `there is no folder ${found}.`);
  const folder = realpathSync(found);
  const { packages, links } = dependenciesOf(folder);
  return { from, folder, entry: entryOf(folder, from), packages, links };
}

function entryOf(folder: string, from: string): string {
  const named = mainOf(readPackage(folder));
  const candidates = named === null ? ENTRIES : [named];
  const entry = candidates.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (entry === undefined)
    throw refused(
      from,
      `${folder} has no entry: ${named ?? ENTRIES.join(", ")} is not there. Write plugin.ts, or \`exports\` in its package.json.`,
    );
  const real = realpathSync(entry);
  if (!real.startsWith(`${folder}/`)) throw refused(from, `its entry ${real} lies outside of it.`);
  return real;
}

/** The entry that package.json names: `exports` as a text or with `.`, else `main`. */
function mainOf({ main, exports }: z.output<typeof Package>): string | null {
  let target: unknown = exports;
  for (const key of [".", "import", "default"])
    if (typeof target === "object" && target !== null && key in target)
      target = (target as Readonly<Record<string, unknown>>)[key];
  return typeof target === "string" ? target : (main ?? null);
}

/** Without a package.json: nothing. Throws config_invalid for one that cannot be read. */
function readPackage(folder: string): z.output<typeof Package> {
  try {
    return Package.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
  } catch (cause) {
    // Old packages write odd things there (a list of dependencies): they count as nothing.
    if (isMissing(cause) || cause instanceof z.ZodError) return {};
    throw refused(folder, `its package.json cannot be read: ${(cause as Error).message}`);
  }
}

function dependenciesOf(folder: string): Pick<PluginSource, "packages" | "links"> {
  const packages = new Set<string>();
  const links = new Map<string, string>();
  const visit = (owner: string) => {
    for (const name of Object.keys(readPackage(owner).dependencies ?? {})) {
      if (OWN_PACKAGES.has(name) || packages.size >= PACKAGES_MAX) continue;
      const found = packageFolder(name, owner);
      if (found === null) continue;
      const real = realpathSync(found);
      if (lstatSync(found).isSymbolicLink() && !found.startsWith(`${folder}/`))
        links.set(found, real);
      if (packages.has(real) || real.startsWith(`${folder}/`)) continue;
      packages.add(real);
      visit(real);
    }
  };
  visit(folder);
  return { packages: [...packages], links: [...links] };
}

/** Where Node would find a package from a folder; null: nowhere. */
function packageFolder(name: string, from: string): string | null {
  if (!/^(@[\w.-]+\/)?[\w.-]+$/.test(name)) return null;
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return null;
  }
}
