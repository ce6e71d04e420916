/** The benchmark of node types has a figure for each type, or says what it lacks. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { createRegistry } from "#nodes/registry.ts";
import { programOrSkip } from "../support/real-server.ts";

/** It needs a program that this machine may not have. */
const HAS_REDIS = programOrSkip("redis") !== null;

it("measures every type of the registry", async () => {
  const script = ["bench/nodes.ts", "--json", "--round-ms", "1"];
  const { stdout } = await promisify(execFile)(process.execPath, script);
  const { rows } = JSON.parse(stdout) as {
    readonly rows: readonly {
      readonly type: string;
      readonly perSecond: number | null;
      readonly remark: string;
    }[];
  };
  expect(rows.map(({ type }) => type)).toEqual(createRegistry().names());
  for (const { type, perSecond, remark } of rows)
    if (type === "redis.command" && !HAS_REDIS) expect(remark).toMatch(/There is no connection/);
    // A busy machine may take a second for the one call, which is rounded to none.
    else expect(perSecond, `${type}: ${remark}`).not.toBe(null);
});
