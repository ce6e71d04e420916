/**
 * A new PostgreSQL cluster in a moment: initdb takes a second of a processor, and every test file with a server
 * wants one. The first is kept in node_modules/.cache, the others are copies of it.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface NewCluster {
  /** Path of `postgres`, without links. */
  readonly program: string;
  /** An empty folder of the owner's. */
  readonly data: string;
  /** Who may run it; null: who runs the test. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  readonly user: string;
  /** A file with the password in it, which the owner may read; and what it says. */
  readonly passwordFile: string;
  readonly password: string;
}

const CACHE = fileURLToPath(new URL("../../node_modules/.cache/postgres/", import.meta.url));

const OPTIONS = ["-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"];

export function makeCluster(cluster: NewCluster): void {
  const { data, owner, user, passwordFile } = cluster;
  const kept = join(CACHE, nameOf(cluster));
  if (existsSync(kept)) {
    copy(kept, data);
    return;
  }
  execFileSync(
    join(dirname(cluster.program), "initdb"),
    ["-D", data, "-U", user, "--pwfile", passwordFile, ...OPTIONS],
    { stdio: ["ignore", "ignore", "pipe"], cwd: dirname(data), ...owner },
  );
  keep(data, kept);
}

/** Files that run side by side may all make the first; one of them is kept. */
function keep(data: string, kept: string): void {
  const unfinished = `${kept}-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  copy(data, unfinished);
  try {
    renameSync(unfinished, kept);
  } catch {
    // Another file was first, and its cluster is as good.
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** With owners and permissions, on which PostgreSQL insists. */
function copy(from: string, to: string): void {
  execFileSync("cp", ["-a", `${from}/.`, to], { stdio: ["ignore", "ignore", "pipe"] });
}

/** Another program, owner or option makes another cluster. */
function nameOf({ program, owner, user, password }: NewCluster): string {
  const { mtimeMs, size } = statSync(program);
  const made = [program, mtimeMs, size, owner, process.getuid?.(), user, password, OPTIONS];
  return createHash("sha256").update(JSON.stringify(made)).digest("hex").slice(0, 16);
}
