/**
 * `node scripts/large-data-engine.ts DATA FILES [BYTES]`: an engine that runs the workflow of large-data.ts on
 * `in.csv`, to its end, or from where it was when it was killed. Prints its peak memory and its processor time.
 * BYTES: it is killed (SIGKILL) once it has saved that so many of them were read.
 */

import { mkdirSync, readdirSync, readFileSync, watch } from "node:fs";
import { enableCompileCache, getCompileCacheDir } from "node:module";
import { dirname, join } from "node:path";
import type { WorkflowDefinition } from "../src/lockstitch.ts";

// As bin/lockstitch.js does, before anything of the engine is loaded.
enableCompileCache();
const cache = getCompileCacheDir();
if (cache !== undefined) process.env["NODE_COMPILE_CACHE"] = dirname(cache);
const { openLockstitch } = await import("../src/lockstitch.ts");

const [data = "", fileRoot = "", killAtBytes] = process.argv.slice(2);
const scratch = join(data, "scratch");

/** Bytes of the source that the saved state of the stream's work says were read. */
function savedBytes(): number {
  try {
    const [name = ""] = readdirSync(scratch);
    const text = readFileSync(join(scratch, name, "state.json"), "utf8");
    return Number(/"offset":(\d+)/.exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

if (killAtBytes !== undefined) {
  mkdirSync(scratch, { recursive: true });
  watch(scratch, { recursive: true }, () => {
    if (savedBytes() >= Number(killAtBytes)) process.kill(process.pid, "SIGKILL");
  });
}

const REPORT: WorkflowDefinition = {
  language: 1,
  name: "revenue-report",
  steps: [
    { id: "read", uses: "file.read", with: { path: "in.csv", encoding: "stream" } },
    {
      id: "rows",
      uses: "parse",
      with: {
        text: "${{ steps.read.output.content }}",
        format: "csv",
        types: { amount: "number" },
      },
    },
    {
      id: "paid",
      uses: "data.filter",
      with: {
        items: "${{ steps.rows.output }}",
        filter: "(row) => row.status == 'paid' && row.amount >= 100",
      },
    },
    {
      id: "customers",
      uses: "data.group",
      with: {
        items: "${{ steps.paid.output }}",
        field: "customer",
        aggregates: { revenue: { op: "sum", field: "amount" } },
      },
    },
    {
      id: "lines",
      uses: "data.map",
      with: {
        items: "${{ steps.customers.output }}",
        map: "(group) => ({ customer: group.key, count: group.count, revenue: group.revenue })",
      },
    },
    { id: "csv", uses: "format", with: { value: "${{ steps.lines.output }}", format: "csv" } },
    {
      id: "write",
      uses: "file.write",
      with: { path: "out.csv", content: "${{ steps.csv.output }}" },
    },
  ],
  output: "${{ steps.write.output }}",
};

const l = await openLockstitch({ data, fileRoot, log: "error" });
await l.save(REPORT);
const started = await l.start("revenue-report", {}, { id: "the-report" });
const { status } = await started.result();
await l.close({ graceMs: 0 });
if (status !== "succeeded") throw new Error(`the run ${status}`);
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
const cpuSeconds = (userCPUTime + systemCPUTime) / 1_000_000;
process.stdout.write(`${JSON.stringify({ peakMib: maxRSS / 1_024, cpuSeconds })}\n`);
