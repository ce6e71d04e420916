/** The published package in a fresh project: its entries, its types, its command and the embedding example. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { canSeal } from "../plugins/plugin-fixture.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import {
  compile,
  copyExample,
  installInto,
  type Manifest,
  packInto,
  runNode,
} from "./example-app.ts";

const DOCUMENT = readFileSync("docs/embedding.md", "utf8");

describe("a fresh project with the packed package", () => {
  let folder: string;
  let manifest: Manifest;

  beforeAll(async () => {
    const directory = await temporaryDirectory();
    const tarball = packInto(directory.path);
    folder = directory.path;
    ({ manifest } = installInto(folder, tarball));
    return () => directory[Symbol.asyncDispose]();
  });

  test("runs the embedding example, and again on the same data", () => {
    const example = copyExample(folder);

    const first = runNode([example], folder);
    expect(first.stderr).toBe("");
    expect(first.stdout).toContain("started order-1\nreceipt Ada-120\nfailed internal 20000");
    expect(first.status).toBe(0);

    const second = runNode([example], folder);
    expect(second.stdout).toContain("found again order-1\nreceipt Ada-120\n");
  });

  test("runs the embedding example to its end after a kill before its signal", () => {
    const data = readFileSync("examples/embedding/orders.ts", "utf8").replace("./data", "./killed");
    const at = data.indexOf("const packed");
    expect(at).toBeGreaterThan(0);
    const kill = 'process.kill(process.pid, "SIGKILL");\n';
    writeFileSync(join(folder, "killed.ts"), data.slice(0, at) + kill + data.slice(at));
    writeFileSync(join(folder, "again.ts"), data);

    expect(runNode(["killed.ts"], folder)).toMatchObject({
      status: null,
      stdout: "started order-1\n",
    });
    const again = runNode(["again.ts"], folder);
    expect(again.stdout).toContain("found again order-1\nreceipt Ada-120\n");
    expect(again.status).toBe(0);
  });

  test("has types that a strict compiler takes, and that find mistakes", () => {
    copyExample(folder);
    writeFileSync(
      join(folder, "types.ts"),
      `import { defineNode, node, type OutputOf, openLockstitch, workflow } from "lockstitch";
import { NodeError } from "lockstitch/node";
import { LockstitchClient } from "lockstitch/client";
import { z } from "zod";
const double = defineNode({
  type: "my.double", title: "Double", description: "", category: "user", icon: "x", pure: true,
  config: z.strictObject({ value: z.number() }), output: z.number(), run: ({ value }) => value * 2,
});
const greet = node("my.greet", (config: { name: string }) => \`Hello \${config.name}\`);
export const flow = workflow("typed", { input: z.object({ n: z.number() }) }, (w) => {
  const twice = w.step("twice", double, { value: w.input.n });
  // @ts-expect-error the type takes a number
  w.step("wrong", double, { value: { a: 1 } });
  const text = w.step("text", greet, { name: \`n is \${w.input.n}\` });
  return { twice: twice.output, texts: [text.output] };
});
export const output: OutputOf<typeof flow> = { twice: 4, texts: ["a"] };
export async function use() {
  const l = await openLockstitch({ data: "./typed", nodes: { "my.double": double, "my.plain": async () => null } });
  const { output } = await l.run(flow, { n: 2 });
  const twice: number = output.twice;
  // @ts-expect-error n is a number
  await l.run(flow, { n: "2" });
  // @ts-expect-error the input is required
  await l.run(flow);
  await l.run("by-name");
  return [twice, NodeError, LockstitchClient];
}
`,
    );

    expect(compile(folder).stdout).toBe("");
  });

  test.skipIf(!canSeal)("runs a plugin, written against its entry, in a sealed process", () => {
    writeFileSync(
      join(folder, "plugin.ts"),
      `import { defineNode, definePlugin, type PluginContext } from "lockstitch/plugin";
import { z } from "zod";
const hello = defineNode({
  type: "greet.hello", title: "Hello", description: "", category: "user", icon: "x", pure: false,
  config: z.strictObject({ name: z.string() }), output: z.string(),
  async run({ name }, context: PluginContext) {
    context.log.info("greeting", { http: typeof context.http.request });
    return \`Hello \${name} from \${Object.keys(process.env).length} variables\`;
  },
});
export const plugin = definePlugin({
  name: "greet", version: "1.0.0", description: "Greets", nodes: [hello],
});
`,
    );
    writeFileSync(
      join(folder, "greet.workflow.yaml"),
      'language: 1\nname: greet\nsteps:\n  - { id: a, uses: greet.hello, with: { name: Ada } }\noutput: "${{ steps.a.output }}"\n',
    );
    expect(compile(folder).stdout).toBe("");
    const command = join("node_modules", "lockstitch", "bin", "lockstitch.js");
    const ran = runNode([command, "run", "greet.workflow.yaml", "--plugin", "."], folder);
    expect(ran.stderr).not.toContain("error");
    expect(ran.stdout).toBe('"Hello Ada from 0 variables"\n');
  });

  test("offers the documented entries, and no other", () => {
    const documented = [...DOCUMENT.matchAll(/^\| `(lockstitch(?:\/\w+)?)` \|/gm)].map(
      ([, name]) => name,
    );
    const offered = Object.keys(manifest.exports)
      .filter((name) => name !== "./package.json")
      .map((name) => name.replace(/^\./, "lockstitch"));
    expect(offered.toSorted()).toEqual(documented.toSorted());

    const imports = documented.map((name) => `await import(${JSON.stringify(name)});`).join("\n");
    expect(runNode(["--input-type=module", "-e", imports], folder)).toMatchObject({ status: 0 });
  });

  test("has the command, and nothing that only this repository needs", () => {
    const command = join("node_modules", "lockstitch", "bin", "lockstitch.js");
    expect(runNode([command, "--version"], folder).stdout).toMatch(/^\d+\.\d+\.\d+/);
    expect(Object.keys(manifest)).not.toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^(private|scripts|devDependencies|optionalDependencies)$/),
      ]),
    );
    expect(manifest["engines"]).toEqual({ node: ">=24" });
  });
});

test("the document shows the example as it stands", () => {
  expect(DOCUMENT).toContain(readFileSync("examples/embedding/orders.ts", "utf8"));
});
