/**
 * Ends this process by SIGKILL at its n-th change of a file, a file's name or a database (1: the
 * first; 0: never), so that a test can try every place at which a process may be killed: right
 * before the change, and of what writes bytes in its middle, with half of them written.
 * To be called before the modules that make the changes are imported.
 */
import { promises, readFileSync, writeFileSync, writeSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { DatabaseSync, StatementSync } from "node:sqlite";

type Change = (...given: never[]) => unknown;

const OF_NAMES = ["mkdir", "rm", "open", "link", "rename", "copyFile"];
const OF_HANDLES = ["writeFile", "sync"];

export async function killAtChange(at: number): Promise<void> {
  let changes = 0;
  const count = (owner: object, name: string) => {
    const functions = owner as Record<string, Change>;
    const real = functions[name];
    if (real === undefined) throw new Error(`no function ${name} to be counted`);
    functions[name] = function (this: unknown, ...given) {
      if (++changes === at) {
        writeHalf(name, this, given);
        process.kill(process.pid, "SIGKILL");
      }
      return real.apply(this, given);
    };
  };
  await using handle = await promises.open(process.execPath);
  for (const name of OF_HANDLES) count(Object.getPrototypeOf(handle), name);
  for (const name of OF_NAMES) count(promises, name);
  count(DatabaseSync.prototype, "exec");
  count(StatementSync.prototype, "run");
  syncBuiltinESMExports();
}

function writeHalf(name: string, handle: unknown, given: readonly unknown[]): void {
  if (name === "writeFile") {
    const bytes = Buffer.from(String(given[0]));
    writeSync((handle as { fd: number }).fd, bytes.subarray(0, bytes.length >> 1));
  }
  if (name === "copyFile") {
    const bytes = readFileSync(String(given[0]));
    writeFileSync(String(given[1]), bytes.subarray(0, bytes.length >> 1));
  }
}
