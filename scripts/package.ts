/**
 * `npm run package -- [FOLDER]`: the tarball that would be published, `lockstitch-<version>.tgz`,
 * in FOLDER (default: the working directory). It is packed from a folder of its own, whose
 * package.json says what is true of dist/: entries in plain JavaScript with their declarations,
 * Node 24 as the engine, and no developer's or optional dependencies.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";

const ROOT = join(import.meta.dirname, "..");
const FILES = ["bin", "dist", "examples", "docs", "README.md", "CHANGELOG.md", "LICENSE"];
const Package = z.looseObject({
  name: z.string(),
  version: z.string(),
  exports: z.record(z.string(), z.string()),
});

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ["ignore", 2, 2] });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** `./src/lockstitch.ts` as what a consumer's Node and compiler load. */
function published(entry: string): string | { readonly types: string; readonly default: string } {
  if (!entry.startsWith("./src/")) return entry;
  const base = entry.replace("./src/", "./dist/").replace(/\.ts$/, "");
  return { types: `${base}.d.ts`, default: `${base}.js` };
}

const target = resolve(process.argv[2] ?? ".");
run(process.execPath, [join(ROOT, "scripts", "build.ts")], ROOT);
const source = Package.parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")));
const { private: _, scripts: __, devDependencies: ___, ...kept } = source;
const { imports: ____, optionalDependencies: _____, ...manifest } = kept;
const folder = mkdtempSync(join(tmpdir(), "lockstitch-package-"));
try {
  for (const name of FILES) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  const exports = Object.fromEntries(
    Object.entries(source.exports).map(([name, entry]) => [name, published(entry)]),
  );
  const content = { ...manifest, engines: { node: ">=24" }, files: FILES, exports };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(content, null, 2)}\n`);
  run("npm", ["pack", "--silent", "--pack-destination", target], folder);
  process.stdout.write(`${join(target, `${source.name}-${source.version}.tgz`)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
