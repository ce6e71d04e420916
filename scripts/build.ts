/**
 * `npm run build`: dist/ for publishing, where Node runs no TypeScript. tsc strips the types and
 * turns relative `.ts` specifiers into `.js`; the aliases (`#kernel/run.ts`) stay as they are and
 * are mapped by a package.json of dist's own, made from the one at the root. Worker entries, which
 * are named by URL and not imported, are the one thing rewritten here.
 */
import { spawnSync } from "node:child_process";
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const ROOT = join(import.meta.dirname, "..");
const DIST = join(ROOT, "dist");
const Package = z.object({ version: z.string(), imports: z.record(z.string(), z.string()) });

rmSync(DIST, { recursive: true, force: true });
const tsc = spawnSync(join(ROOT, "node_modules", ".bin", "tsc"), ["-p", "tsconfig.build.json"], {
  cwd: ROOT,
  stdio: "inherit",
});
if (tsc.status !== 0) process.exit(1);

const root = Package.parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")));
const imports = Object.fromEntries(
  Object.entries(root.imports).map(([alias, target]) => [
    alias.replace(/\*$/, "*.ts"),
    target.replace("./src/", "./").replace(/\*$/, "*.js"),
  ]),
);
writeFileSync(
  join(DIST, "package.json"),
  `${JSON.stringify({ type: "module", version: root.version, imports }, null, 2)}\n`,
);

for (const file of globSync("**/*.js", { cwd: DIST })) {
  const path = join(DIST, file);
  const text = readFileSync(path, "utf8");
  const rewritten = text.replace(
    /(new URL\(\s*"\.{1,2}\/[^"]+)\.ts("\s*,\s*import\.meta\.url)/g,
    "$1.js$2",
  );
  if (rewritten !== text) writeFileSync(path, rewritten);
}
// Declarations keep `.ts` in relative specifiers; a consumer's compiler looks for `.js` and finds `.d.ts`.
for (const file of globSync("**/*.d.ts", { cwd: DIST })) {
  const path = join(DIST, file);
  const text = readFileSync(path, "utf8");
  const rewritten = text.replace(/((?:from|import)\s*\(?"\.{1,2}\/[^"]+)\.ts"/g, '$1.js"');
  if (rewritten !== text) writeFileSync(path, rewritten);
}
for (const file of globSync("**/*", { cwd: join(ROOT, "src"), withFileTypes: true })) {
  if (!file.isFile() || file.name.endsWith(".ts")) continue;
  const path = join(file.parentPath, file.name);
  cpSync(path, path.replace(join(ROOT, "src"), DIST));
}
process.stdout.write(`dist/ holds ${globSync("**/*.js", { cwd: DIST }).length} modules\n`);
