/**
 * A fresh project with the packed package in its node_modules: the tarball is unpacked, and exactly
 * the dependencies that its package.json names are linked to, so that a missing one is missing here too.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node with these arguments in `cwd`; 200 s at most. */
export function runNode(args: readonly string[], cwd: string): Finished {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    encoding: "utf8",
    timeout: 200_000,
  });
  return { status, stdout, stderr };
}

/** Packs the package into `folder`; answers the tarball's path. */
export function packInto(folder: string): string {
  const packed = spawnSync(process.execPath, [join(ROOT, "scripts", "package.ts"), folder], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (packed.status !== 0) throw new Error(`packing failed: ${packed.stderr}`);
  return packed.stdout.trim();
}

/** Makes `folder` a project that has the tarball, its dependencies and a compiler. */
export function installInto(folder: string, tarball: string): { readonly manifest: Manifest } {
  const target = join(folder, "node_modules", "lockstitch");
  mkdirSync(target, { recursive: true });
  const unpacked = spawnSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", target]);
  if (unpacked.status !== 0) throw new Error(`unpacking failed: ${String(unpacked.stderr)}`);
  const manifest = JSON.parse(readFileSync(join(target, "package.json"), "utf8")) as Manifest;
  for (const name of [...Object.keys(manifest.dependencies), "@types/node"]) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), link);
  }
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  return { manifest };
}

export interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** Compiles what lies in `folder` as a strict project does, declarations of packages included. */
export function compile(folder: string): Finished {
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        ...{ target: "es2024", lib: ["es2024", "esnext.disposable"], module: "nodenext" },
        ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, types: ["node"] },
        skipLibCheck: false,
      },
      include: ["*.ts"],
    }),
  );
  const { status, stdout, stderr } = spawnSync(
    join(ROOT, "node_modules", ".bin", "tsc"),
    ["-p", folder],
    { encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

/** Copies the example into `folder` and answers its name there. */
export function copyExample(folder: string): string {
  cpSync(join(ROOT, "examples", "embedding", "orders.ts"), join(folder, "orders.ts"));
  return "orders.ts";
}
