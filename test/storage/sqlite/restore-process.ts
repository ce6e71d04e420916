/**
 * A process that restores a backup and is killed at the n-th change that it makes (see killAtChange).
 * Parameters: backup, data directory, n. Says `done` at the end.
 */
import { killAtChange } from "../../support/kill-at-change.ts";

const [from = "", dataDir = "", at = "0"] = process.argv.slice(2);
await killAtChange(Number(at));
const { restoreStore } = await import("#storage/sqlite/restore.ts");
await restoreStore({ from, dataDir, force: true, nowMs: 1 });
process.stdout.write("done\n");
