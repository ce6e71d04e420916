/** Which plugins are taken, and why others are refused: the reason names the thing and the fix. */
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineNode } from "#nodes/define-node.ts";
import { createRegistry } from "#nodes/registry.ts";
import { definePlugin } from "#plugins/define-plugin.ts";
import { hostSchema, parseManifest } from "#plugins/manifest.ts";
import { attemptsOf } from "#plugins/plugin-attempts.ts";
import { parsePluginEntries } from "#plugins/plugin-entry.ts";
import { locatePlugin } from "#plugins/plugin-source.ts";
import { startCommand } from "#plugins/sealed-command.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { canSeal, onePlugin, plugins, pluginText, write } from "./plugin-fixture.ts";

const run = defineNode({
  ...{ type: "probe.run", title: "Run", description: "", category: "user", icon: "x" },
  pure: false,
  config: z.strictObject({ a: z.string().regex(/^a+$/).default("a") }),
  output: z.unknown(),
  run: async () => null,
});
const GOOD = { name: "probe", version: "1.0.0", description: "", nodes: [run] };
const named = (type: string) => ({ ...run, type });

/** What a plugin says of itself, as it reaches the host. */
function said(plugin: object): unknown {
  const { manifest } = attemptsOf({ ...definePlugin(GOOD), ...plugin }, () => {});
  return JSON.parse(JSON.stringify(manifest));
}

const MANIFESTS: readonly (readonly [string, object, RegExp])[] = [
  [
    "a type without its name",
    { nodes: [named("other.run")] },
    /type `other\.run` does not begin with `probe\.`/,
  ],
  ["a type twice", { nodes: [run, run] }, /type `probe\.run` is there twice/],
  [
    "a type of one word",
    { nodes: [named("probe")] },
    /nodes\.0\.type: lower case words joined by dots/,
  ],
  [
    "a name of the built-in types",
    { name: "data", nodes: [named("data.run")] },
    /`data` is a group of built-in types/,
  ],
  [
    "a name of the language",
    { name: "wait", nodes: [named("wait.run")] },
    /`wait` is a group of built-in types/,
  ],
  ["a name that is none", { name: "Pro-be" }, /name: one word in lower case/],
  ["a version that is none", { version: "one" }, /version: a version as in package\.json/],
  ["no types", { nodes: [] }, /nodes: a plugin has at least one node type/],
  [
    "a pure type",
    { nodes: [{ ...run, execution: "pure" }] },
    /nodes\.0\.execution: a plugin's types run in its process/,
  ],
  [
    "a permission nobody knows",
    { permissions: { shell: true } },
    /permissions: Unrecognized key: "shell"/,
  ],
  [
    "a variable that changes Node",
    { permissions: { environment: ["NODE_OPTIONS"] } },
    /environment\.0: is reserved/,
  ],
  [
    "a variable with a secret",
    { permissions: { environment: ["LOCKSTITCH_SECRET_A"] } },
    /is reserved/,
  ],
  [
    "a host with a scheme",
    { permissions: { network: { hosts: ["https://a.example"] } } },
    /hosts\.0: a host in lower case without scheme/,
  ],
  [
    "a folder with a star",
    { permissions: { folders: { read: ["/*"] } } },
    /folders\.read\.0: a folder's path without \*/,
  ],
  ["another contract", { api: 2 }, /api: was made for another version/],
];

test.each(MANIFESTS)("a manifest is refused for %s", (_what, plugin, reason) => {
  const parse = () => parseManifest(said(plugin), "./probe", createRegistry().names());
  expect(parse).toThrow(reason);
  expect(parse).toThrow(/^Plugin \.\/probe is refused: its definePlugin\(\) does not fit: /);
});

test("a good manifest is taken, and its schemas check on the host without its patterns", () => {
  const { nodes } = parseManifest(said({}), "./probe", createRegistry().names());
  const schema = hostSchema(nodes[0]?.config);
  expect(schema.parse({})).toEqual({ a: "a" });
  expect(schema.safeParse({ a: "b" }).success).toBe(true);
  expect(schema.safeParse({ a: 1 }).success).toBe(false);
  expect(schema.safeParse({ b: 1 }).success).toBe(false);
});

test("a schema that refers to itself a thousand times costs the host nothing", () => {
  const definitions = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, at) => {
      const next = { $ref: `#/$defs/d${at + 1}` };
      return [`d${at}`, { allOf: [next, next] }];
    }),
  );
  const schema = hostSchema({
    type: "object",
    $defs: definitions,
    properties: { a: { $ref: "#/$defs/d0" }, pattern: { type: "string", pattern: "(a+)+$" } },
  });
  expect(schema.safeParse({ a: 1, pattern: `${"a".repeat(50)}!` }).success).toBe(true);
  expect(schema.safeParse({ pattern: 1 }).success).toBe(false);
});

const ASKING = (permissions: object) => pluginText("probe", "return 1;", permissions);

const REFUSED: readonly (readonly [string, string, object, RegExp])[] = [
  [
    "no export",
    "export const other = 1;",
    {},
    /the entry exports no plugin: write `export const plugin = definePlugin/,
  ],
  ["a mistake in the code", "export const plugin = ;", {}, /cannot be loaded: .*SyntaxError/s],
  ["code that throws", "throw new Error('not today');", {}, /cannot be loaded: .*not today/s],
  ["code that ends", "process.exit(4);", {}, /exited with code 4/],
  [
    "code that reads first",
    "import { readFileSync } from 'node:fs'; readFileSync('/etc/hostname');",
    {},
    /Use --allow-fs-read.*loaded once without its permissions/s,
  ],
  ["a package that is not there", "import 'left-pad';", {}, /cannot be loaded: .*left-pad/s],
  [
    "what is not granted",
    ASKING({ environment: ["A", "B"] }),
    { allow: { environment: ["A"] } },
    /asks for what is not granted: environment B\. Grant it .*allow: \{"environment":\["A","B"\]\}/,
  ],
  [
    "a secret that is not granted",
    ASKING({ secrets: ["A_KEY", "B_KEY"] }),
    { allow: { secrets: ["B_KEY"] } },
    /not granted: secret A_KEY\. Grant it .*allow: \{"secrets":\["A_KEY","B_KEY"\]\}/,
  ],
  [
    "a host that is not granted",
    ASKING({ network: { hosts: [".a.example"] } }),
    { allow: { network: { hosts: ["a.example"] } } },
    /not granted: network \.a\.example/,
  ],
  [
    "a folder above what is granted",
    ASKING({ folders: { read: ["."] } }),
    { allow: { folders: { read: ["in"] } } },
    /not granted: read /,
  ],
  [
    "writing where reading is granted",
    ASKING({ folders: { write: ["in"] } }),
    { allow: { folders: { read: ["in"] } } },
    /not granted: write .*\/in\. Grant/,
  ],
  [
    "a link out of what is granted",
    ASKING({ folders: { read: ["in/out"] } }),
    { allow: { folders: { read: ["in"] } } },
    /not granted: read \/etc/,
  ],
  [
    "a folder that is not there",
    ASKING({ folders: { read: ["nowhere"] } }),
    { allow: "declared" },
    /nowhere, which is not there; make it first/,
  ],
  [
    "its own code to write",
    ASKING({ folders: { write: ["."] } }),
    { allow: "declared" },
    /may not write .*, where its own code lies/,
  ],
];

describe.skipIf(!canSeal)("a plugin is refused for", () => {
  test.each(REFUSED)("%s", async (_what, text, entry, reason) => {
    const opening = plugins({
      files: { "probe/plugin.ts": text, "in/a.txt": "" },
      entries: [{ from: "./probe", ...entry }],
      links: { "in/out": "/etc" },
    });
    await expect(opening).rejects.toThrow(reason);
    await expect(opening).rejects.toMatchObject({ code: "config_invalid" });
  });

  test("a host that the operator denies", async () => {
    const asking = ASKING({ network: { hosts: ["a.example"] } });
    const written = {
      files: { "probe/plugin.ts": asking },
      entries: [{ from: "./probe", allow: "declared" }],
    };
    await expect(plugins({ ...written, http: { allowHosts: [".b.example"] } })).rejects.toThrow(
      /http\.allowHosts and http\.denyHosts keep it from a\.example/,
    );
    await expect(plugins({ ...written, http: { denyHosts: [".example"] } })).rejects.toThrow(
      /keep it from a\.example/,
    );
  });

  test("a name that another one has", async () => {
    const text = pluginText("probe", "return 1;");
    await expect(
      plugins({
        files: { "a/plugin.ts": text, "b/plugin.ts": text },
        entries: ["./a", "./b"],
      }),
    ).rejects.toThrow(/its name probe is that of \.\/a; remove one/);
  });

  test("a manifest that is another one when it has permissions", async () => {
    await using found = await onePlugin(
      "return 1;",
      { allow: "declared" },
      {
        permissions: { environment: ["GIVEN"] },
        environment: { GIVEN: "1" },
        files: {
          "probe/plugin.ts": pluginText("probe", "return 1;", { environment: ["GIVEN"] }).replace(
            'version: "1.0.0"',
            'version: process.env.GIVEN === undefined ? "1.0.0" : "2.0.0"',
          ),
        },
      },
    );
    expect(await found.run("probe.run")).toMatchObject({
      error: { code: "plugin_failed", message: expect.stringContaining("says something else") },
    });
    expect(found.book.health()).toMatchObject([{ state: "failed" }]);
  });
});

test("where the wall cannot be built it is refused, and nothing of it has run", () => {
  const command = startCommand({
    ...{ isSealed: true, script: "/nothing", arguments: [], write: [], links: [], heapMib: 64 },
    fileMib: null,
    read: ["/a/folder/that/is/not/there"],
  });
  const ended = spawnSync(command.command, [...command.arguments], { env: {}, encoding: "utf8" });
  expect(ended.status).not.toBe(0);
  expect(ended.stdout).toBe("");
  expect(ended.stderr).toMatch(/seal: |unshare: /);
});

test("mistakes in entries are all told, with their place", () => {
  const { entries, problems } = parsePluginEntries(
    ["./a", { from: "" }, { from: "./b", allow: { shell: true } }, { from: "c", memory: 1 }, 7],
    "/base",
  );
  expect(entries.map(({ from }) => from)).toEqual(["./a"]);
  expect(problems).toHaveLength(4);
  for (const [at, problem] of problems.entries())
    expect(problem).toMatch(new RegExp(`^plugins\\[${at + 1}\\]`));
});

test("a package is found as Node finds it, with what it depends on and no more", async () => {
  await using directory = await temporaryDirectory();
  const base = directory.path;
  const manifest = (fields: object) => JSON.stringify({ version: "1.0.0", ...fields });
  write(base, {
    "app/node_modules/@shop/tax/package.json": manifest({
      exports: { ".": { import: "./lib/tax.js" } },
      dependencies: { left: "1", zod: "4", lockstitch: "1", missing: "1" },
    }),
    "app/node_modules/@shop/tax/lib/tax.js": "",
    "app/node_modules/left/package.json": manifest({ dependencies: { right: "1", left: "1" } }),
    "app/node_modules/other/package.json": manifest({}),
    "store/right/package.json": manifest({}),
    "bare/node_modules/none/package.json": manifest({ main: "nothing.js" }),
    "bare/node_modules/old/package.json": manifest({ main: "old.js", dependencies: [] }),
    "bare/node_modules/torn/package.json": '{ "main": ',
    "bare/node_modules/torn/plugin.js": "",
  });
  symlinkSync(join(base, "store", "right"), join(base, "app", "node_modules", "right"));
  mkdirSync(join(base, "app", "deep"));
  const source = locatePlugin("@shop/tax", join(base, "app", "deep"));
  expect(source.entry).toBe(join(base, "app/node_modules/@shop/tax/lib/tax.js"));
  expect(source.packages).toEqual([join(base, "app/node_modules/left"), join(base, "store/right")]);
  expect(source.links).toEqual([[join(base, "app/node_modules/right"), join(base, "store/right")]]);
  expect(() => locatePlugin("other", base)).toThrow(/no package of that name is installed/);
  expect(() => locatePlugin("./other", base)).toThrow(/there is no folder/);
  expect(() => locatePlugin("none", join(base, "bare"))).toThrow(/nothing\.js is not there/);
  expect(() => locatePlugin("old", join(base, "bare"))).toThrow(/has no entry: plugin\.ts/);
  expect(() => locatePlugin("torn", join(base, "bare"))).toThrow(/package\.json cannot be read/);
  writeFileSync(join(base, "outside.js"), "");
  write(base, { "out/package.json": manifest({ main: "../outside.js" }) });
  expect(() => locatePlugin("./out", base)).toThrow(/lies outside of it/);
});

test.skipIf(!canSeal)(
  "a package runs sealed, with what it depends on, links included",
  async () => {
    const text = pluginText("tax", "return [left(), config.n];").replaceAll(": any", "");
    const module = (dependencies: object) => JSON.stringify({ type: "module", dependencies });
    await using found = await plugins({
      files: {
        "node_modules/@shop/tax/package.json": JSON.stringify({
          ...{ type: "module", main: "tax.js", dependencies: { left: "1" } },
        }),
        "node_modules/@shop/tax/tax.js": `import { left } from "left";\n${text}`,
        "node_modules/left/package.json": module({ right: "1" }),
        "node_modules/left/index.js": 'export { right as left } from "right";',
        "store/right/package.json": module({}),
        "store/right/index.js": 'export const right = () => "right";',
        "node_modules/other/index.js": "",
      },
      entries: ["@shop/tax"],
      links: { "node_modules/right": "../store/right" },
    });
    expect(await found.run("tax.run", { n: 1 })).toEqual({ ok: true, output: ["right", 1] });
  },
);
