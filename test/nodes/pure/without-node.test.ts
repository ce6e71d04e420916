/** Pure nodes load and run where there is no Node: the same code works in Temporal's sandbox. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { pureNodes } from "#nodes/pure/pure-nodes.ts";

it("loads all pure nodes without a built-in module or a global of Node's", async () => {
  const script = fileURLToPath(new URL("./load-without-node.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=browser", script], {
    timeout: 120_000,
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  const { modules, outputs } = JSON.parse(stdout) as {
    modules: number;
    outputs: { type: string; ok: boolean; output: unknown }[];
  };
  expect(modules).toBeGreaterThan(50);
  expect(outputs.map(({ output }) => output)).toEqual(
    pureNodes.flatMap(({ examples }) =>
      examples.map(({ output, error }) => output ?? error ?? null),
    ),
  );
});
