/** A worker that commits what it is told and dies before it answers, when the commit id says so. */
import { parentPort, workerData } from "node:worker_threads";
import { unflattenGroup } from "#storage/sqlite/flat-group.ts";
import { GroupWriter } from "#storage/sqlite/group-writer.ts";

const writer = new GroupWriter(workerData.path, workerData.epoch);
parentPort?.on("message", ({ id, kind, input }) => {
  if (kind === "close") {
    writer.close();
    parentPort?.postMessage({ id, output: null });
    parentPort?.close();
    return;
  }
  if (input.commitId === "die before") throw new Error("dies before the commit");
  const output = writer.handle(kind, kind === "commit" ? unflattenGroup(input) : input);
  if (input.commitId === "die after") throw new Error("dies after the commit");
  parentPort?.postMessage({ id, output });
});
