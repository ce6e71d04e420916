/** Signatures: what was signed is run; what was changed, by whom ever, is not. */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SIGNATURE_FILE, signatureFault, signFolder } from "#plugins/signature.ts";
import { capture } from "../cli/captured-machine.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { canSeal, onePlugin, plugins, pluginText, write } from "./plugin-fixture.ts";

function keys(type: "ed25519" | "ed448" = "ed25519") {
  const { publicKey, privateKey } = generateKeyPairSync(type as "ed25519");
  return {
    open: publicKey.export({ type: "spki", format: "pem" }).toString(),
    secret: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

const MINE = keys();
const FILES = {
  "plugin.ts": pluginText("probe", "return 1;"),
  "lib/words.json": "[]",
  "node_modules/a/index.js": "export const a = 1;",
};

const CHANGES: readonly (readonly [string, (folder: string) => void, RegExp | null])[] = [
  ["nothing", () => {}, null],
  [
    "a byte of a file",
    (at) => writeFileSync(join(at, "plugin.ts"), `${FILES["plugin.ts"]} `),
    /plugin\.ts was changed/,
  ],
  [
    "a byte of a package in it",
    (at) => writeFileSync(join(at, "node_modules/a/index.js"), "1"),
    /a\/index\.js was changed/,
  ],
  [
    "a file that is gone",
    (at) => rmSync(join(at, "lib/words.json")),
    /lib\/words\.json is missing/,
  ],
  ["a file more", (at) => writeFileSync(join(at, "lib/more.js"), ""), /lib\/more\.js was added/],
  [
    "a file with a name of the list",
    (at) => writeFileSync(join(at, "__proto__"), ""),
    /__proto__ was added/,
  ],
  ["no signature", (at) => rmSync(join(at, SIGNATURE_FILE)), /has no signature/],
  [
    "a signature that is none",
    (at) => writeFileSync(join(at, SIGNATURE_FILE), "{}"),
    /cannot be read/,
  ],
  [
    "a list that was changed with the file",
    relist,
    /made with another key, or the list of files was changed/,
  ],
  [
    "somebody else's signature",
    (at) => void signFolder(at, keys().secret),
    /made with another key/,
  ],
];

/** As somebody without the key would: the file and its hash. */
function relist(folder: string): void {
  const path = join(folder, SIGNATURE_FILE);
  const signed = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(join(folder, "plugin.ts"), "export const plugin = 1;");
  signFolder(folder, keys().secret);
  const { files } = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...signed, files }));
}

test.each(CHANGES)("a signed folder with %s", async (_what, change, reason) => {
  await using directory = await temporaryDirectory();
  write(directory.path, FILES);
  expect(signFolder(directory.path, MINE.secret)).toBe(3);
  change(directory.path);
  const fault = signatureFault(directory.path, MINE.open, "/");
  if (reason === null) expect(fault).toBeNull();
  else expect(fault).toMatch(reason);
});

test("links and keys of another kind are refused", async () => {
  await using directory = await temporaryDirectory();
  write(directory.path, FILES);
  expect(() => signFolder(directory.path, keys("ed448").secret)).toThrow(/no ed25519 key/);
  expect(() => signFolder(directory.path, "x")).toThrow(/cannot be read as a private key/);
  symlinkSync("/etc/hostname", join(directory.path, "link"));
  expect(() => signFolder(directory.path, MINE.secret)).toThrow(/link is no plain file/);
});

test.skipIf(!canSeal)(
  "with a key configured, only what is signed runs, at each start",
  async () => {
    await using directory = await temporaryDirectory();
    const folder = join(directory.path, "probe");
    const body = "if (config.end) process.exit(1); return 1;";
    write(folder, { "plugin.ts": pluginText("probe", body) });
    writeFileSync(join(directory.path, "public.pem"), MINE.open);
    const open = (key: string) => plugins({ files: {}, entries: [{ from: folder, key }] });
    await expect(open(MINE.open)).rejects.toThrow(/Plugin .* is refused: it has no signature/);

    signFolder(folder, MINE.secret);
    await expect(open(keys().open)).rejects.toThrow(/made with another key/);
    await using found = await open(join(directory.path, "public.pem"));
    expect(await found.run("probe.run")).toEqual({ ok: true, output: 1 });

    writeFileSync(join(folder, "plugin.ts"), pluginText("probe", "return 2;"));
    expect(await found.run("probe.run", { end: true })).toMatchObject({ ok: false });
    expect(await found.run("probe.run")).toMatchObject({
      error: { code: "plugin_failed", message: expect.stringContaining("plugin.ts was changed") },
    });
    expect(found.book.health()).toMatchObject([{ state: "failed" }]);
  },
);

test.skipIf(!canSeal)("packages outside of a signed folder refuse it", async () => {
  await using directory = await temporaryDirectory();
  write(directory.path, {
    "probe/package.json": JSON.stringify({ main: "plugin.ts", dependencies: { a: "1" } }),
    "probe/plugin.ts": pluginText("probe", "return 1;"),
    "node_modules/a/package.json": "{}",
  });
  signFolder(join(directory.path, "probe"), MINE.secret);
  const entries = [{ from: join(directory.path, "probe"), key: MINE.open }];
  await expect(plugins({ files: {}, entries })).rejects.toThrow(/needs 1 packages outside/);
});

test("the commands sign and verify", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  write(cwd, { "probe/plugin.ts": "", "private.pem": MINE.secret, "public.pem": MINE.open });
  const run = async (...argv: string[]) => {
    const { code, stdout } = await capture([...argv, "--json"], { cwd });
    return { code, ...(JSON.parse(stdout) as object) };
  };
  const verify = () => run("plugin", "verify", "probe", "--key", "public.pem");
  expect(await verify()).toMatchObject({ code: 7, isValid: false });
  expect(await run("plugin", "sign", "probe", "--key", "private.pem")).toMatchObject({
    ...{ code: 0, files: 1, file: SIGNATURE_FILE },
  });
  expect(await verify()).toMatchObject({ code: 0, isValid: true, reason: null });
  write(cwd, { "probe/plugin.ts": "1" });
  expect(await verify()).toMatchObject({ code: 7, reason: expect.stringContaining("changed") });
  expect(await run("plugin", "verify", "none", "--key", "public.pem")).toMatchObject({ code: 5 });
});

test.skipIf(!canSeal)("a plugin whose key is no key is refused", async () => {
  await expect(onePlugin("return 1;", { key: "nowhere.pem" })).rejects.toThrow(
    /key of the plugin: it cannot be read as a public key/,
  );
});
