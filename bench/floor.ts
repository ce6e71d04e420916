/** What the machine gives at best in the same rounds: raw commits, and an HTTP hello with two of them. */
import { fileURLToPath } from "node:url";
import { startChild } from "./child.ts";
import { BATCH, type FloorTable, openFloorTable } from "./floor-table.ts";
import { callJson } from "./http-json.ts";

export interface Floor {
  /** One-record commits a second. */
  single(): number;
  /** Records a second in commits of 100. */
  batched(): number;
  /** An HTTP hello with two one-record commits. */
  hello(): Promise<void>;
  close(): Promise<void>;
}

export async function openFloor(folder: string): Promise<Floor> {
  const table = openFloorTable(folder, "floor.db");
  const server = await startChild(
    process.execPath,
    [fileURLToPath(new URL("floor-server.ts", import.meta.url))],
    { env: { BENCH_FOLDER: folder }, isReady: (output) => output.includes("}") },
  );
  const { port } = JSON.parse(server.output()) as { readonly port: number };
  const single = () => perSecond(table, { records: 1, commits: 2_000 });
  // The file gets its length before the first round, as the subjects' files do.
  single();
  return {
    single,
    batched: () => perSecond(table, { records: BATCH, commits: 400 }),
    async hello() {
      await callJson(`http://127.0.0.1:${port}/`, "POST", {});
    },
    close: () => server.end(),
  };
}

function perSecond(
  { append, tidy }: FloorTable,
  { records, commits }: { readonly records: number; readonly commits: number },
): number {
  tidy();
  const startedMs = performance.now();
  for (let index = 0; index < commits; index += 1) append(records);
  return (records * commits * 1_000) / (performance.now() - startedMs);
}
