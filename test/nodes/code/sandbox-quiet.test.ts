/** What a stopped job leaves behind is not told on the program's standard error. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const SANDBOX = new URL("../../../src/nodes/code/sandbox.ts", import.meta.url).href;

it("an engine that aborts over a stopped job says nothing, and is not used again", async () => {
  const job = {
    code: "const again = () => Promise.resolve().then(again); return again()",
    ...{ inputJson: "null", cpuMsMax: 60_000, memoryBytesMax: 4 * 1_048_576, outputLengthMax: 9 },
  };
  const program = `
    import { newEngine, runInSandbox } from ${JSON.stringify(SANDBOX)};
    const job = ${JSON.stringify(job)};
    console.log(JSON.stringify(runInSandbox(await newEngine(job.memoryBytesMax), job)));
  `;
  const argv = ["--input-type=module", "--eval", program];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, argv);
  expect({ told: JSON.parse(stdout), stderr }).toEqual({
    told: { result: { kind: "limit", limit: "memoryBytes" }, isReusable: false },
    stderr: "",
  });
});
