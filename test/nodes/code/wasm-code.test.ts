/**
 * A process with sandbox threads must not collect WebAssembly code (W4 of sandbox-pool.ts). V8 tells
 * no flag's value, but a tag of all of them, which is that of a process started with the flag.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const FLAG = "--no-wasm-code-gc";
const TELLS = `import { cachedDataVersionTag } from "node:v8";
process.on("exit", () => console.log("\\ntag " + cachedDataVersionTag()));`;

async function tagOf(...argv: readonly string[]): Promise<string | undefined> {
  const tells = `data:text/javascript,${encodeURIComponent(TELLS)}`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", tells, ...argv]);
  return /^tag (\d+)$/m.exec(stdout)?.[1];
}

const moduleOf = (text: string) => ["--input-type=module", "-e", text];
const path = (file: string) => fileURLToPath(new URL(`../../../${file}`, import.meta.url));

test("a sandbox's process and the program keep their WebAssembly code; this one does, too", async () => {
  const [kept, plain, program, pool] = await Promise.all([
    tagOf(FLAG, ...moduleOf("")),
    tagOf(...moduleOf("")),
    tagOf(path("bin/lockstitch.js"), "--version"),
    tagOf(
      ...moduleOf(`import { SandboxPool } from ${JSON.stringify(path("src/nodes/code/sandbox-pool.ts"))};
        const pool = new SandboxPool(1);
        const job = { code: "return 1", inputJson: "null", cpuMsMax: 1000, memoryBytesMax: 2 ** 26, outputLengthMax: 10 };
        await pool.run(job, new AbortController().signal);
        await pool.close();`),
    ),
  ]);
  expect(plain).not.toBe(kept);
  expect({ program, pool }).toEqual({ program: kept, pool: kept });
  expect(process.execArgv).toContain(FLAG);
});
