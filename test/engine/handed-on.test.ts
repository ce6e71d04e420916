/** A large value that steps hand on is neither copied nor read: how much memory that takes. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { FarConfig, type FarParts, handedOn } from "#kernel/far-config.ts";
import { PackedJson } from "#workflow/packed-json.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PROGRAM = fileURLToPath(new URL("./handed-on-program.ts", import.meta.url));

it("100 steps hand on 50 MB within 80 MB", async () => {
  await using directory = await temporaryDirectory();
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, directory.path]);
  const { status, growthMib, last } = JSON.parse(stdout);
  expect({ status, last }).toEqual({ status: "succeeded", last: "0 7 ".padEnd(100, "-") });
  expect(growthMib).toBeLessThan(80);
});

const packed = new PackedJson(new TextEncoder().encode("[1]"), "hash");

function config(parts: Partial<FarParts>): FarConfig {
  const names = { steps: { a: { output: packed, status: "succeeded" } }, input: packed, n: 7 };
  return new FarConfig({ template: {}, seed: "s", names, functions: [], ...parts });
}

it.each([["${{ steps.a.output }}"], ["${{input}}"], ["${{\tsteps.a.output\n}}"]])(
  "hands on %j",
  (value) => {
    expect(handedOn(config({ template: { value } }), "value")).toBe(packed);
  },
);

it.each([
  ["a part of it", { value: "${{ steps.a.output.length }}" }],
  ["an element of it", { value: "${{ input[0] }}" }],
  ["another name", { value: "${{ n }}" }],
  ["a name that is not there", { value: "${{ steps.b.output }}" }],
  ["what every object has", { value: "${{ steps.a.constructor }}" }],
  ["text around it", { value: "as ${{ input }}" }],
  ["two of them", { value: "${{ input }}${{ input }}" }],
  ["an expression", { value: "${{ input || n }}" }],
  ["a list of it", { value: ["${{ input }}"] }],
  ["another field", { other: "${{ input }}" }],
  ["other fields beside it", { value: "${{ input }}", fields: { a: 1 } }],
  ["nothing", {}],
])("computes %s", (_, template) => {
  expect(handedOn(config({ template }), "value")).toBeNull();
});

it("computes what has functions", () => {
  const functions = [{ field: "map", source: "(x) => x", seed: "s", names: {} }];
  expect(handedOn(config({ template: { value: "${{ input }}" }, functions }), "value")).toBeNull();
});
