/** The adapters of the Secrets port on the real thing: variables, files, folders. */
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { environmentSecrets } from "../../src/system/environment-secrets.ts";
import { fileSecrets } from "../../src/system/file-secrets.ts";
import { firstSecrets } from "../../src/system/first-secrets.ts";
import { secretVersions } from "../../src/system/secret-version.ts";
import { secretsContract } from "../contract/secrets.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const quiet = () => {};

secretsContract("environment", async () => {
  const directory = await temporaryDirectory();
  const env: Record<string, string | undefined> = { PATH: "/bin", LOCKSTITCH_SECRET_EMPTY: "" };
  return {
    secrets: environmentSecrets(env, secretVersions(directory.path)),
    set: (name, value) => {
      env[`LOCKSTITCH_SECRET_${name}`] = value ?? undefined;
      if (value === null) delete env[`LOCKSTITCH_SECRET_${name}`];
    },
    damage: null,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
});

for (const form of ["json", "env"] as const)
  secretsContract(`${form} file`, async () => {
    const directory = await temporaryDirectory();
    const path = join(directory.path, `secrets.${form}`);
    const values = new Map<string, string>();
    const write = () => {
      const text =
        form === "json"
          ? JSON.stringify(Object.fromEntries(values))
          : [...values].map(([name, value]) => `${name}="${value}"\n`).join("");
      writeFileSync(path, text, { mode: 0o600 });
    };
    write();
    const versionOf = secretVersions(directory.path);
    return {
      secrets: fileSecrets(path, { versionOf, onWarning: quiet }),
      set: (name, value) => {
        if (value === null) values.delete(name);
        else values.set(name, value);
        write();
      },
      damage: () =>
        form === "json" ? writeFileSync(path, `{"TOKEN": "a-value-that-no`) : rmSync(path),
      [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
    };
  });

secretsContract("folder", async () => {
  const directory = await temporaryDirectory();
  const folder = join(directory.path, "secrets");
  mkdirSync(folder);
  const versionOf = secretVersions(directory.path);
  return {
    secrets: fileSecrets(folder, { versionOf, onWarning: quiet }),
    set: (name, value) => {
      if (value === null) rmSync(join(folder, name));
      else writeFileSync(join(folder, name), `${value}\n`, { mode: 0o600 });
    },
    damage: null,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
});

test("a name in lower case is a variable in upper case", async () => {
  await using directory = await temporaryDirectory();
  const env = { LOCKSTITCH_SECRET_DB_PASSWORD: "some-value" };
  const secrets = environmentSecrets(env, secretVersions(directory.path));
  expect((await secrets.resolve("default", "db_password"))?.value).toBe("some-value");
});

test("versions last over restarts, and their key is private", async () => {
  await using directory = await temporaryDirectory();
  const first = secretVersions(directory.path)("default", "A", "value");
  expect(secretVersions(directory.path)("default", "A", "value")).toBe(first);
  expect(secretVersions(directory.path)("default", "B", "value")).not.toBe(first);
  expect(statSync(join(directory.path, "secret-versions.key")).mode & 0o777).toBe(0o600);
});

test.each([0o604, 0o644, 0o622])("F1 a file with mode %o is refused", async (mode) => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "secrets.env");
  writeFileSync(path, "TOKEN=hidden-value\n");
  chmodSync(path, mode);
  const versionOf = secretVersions(directory.path);
  expect(() => fileSecrets(path, { versionOf, onWarning: quiet })).toThrow(/chmod 600/);
});

test("F1 files of a folder that everybody reads are warned of once", async () => {
  await using directory = await temporaryDirectory();
  const warnings: string[] = [];
  const versionOf = secretVersions(directory.path);
  const secrets = fileSecrets(directory.path, {
    versionOf,
    onWarning: (text) => warnings.push(text),
  });
  for (const name of ["A", "B"]) {
    writeFileSync(join(directory.path, name), "some-value");
    chmodSync(join(directory.path, name), 0o444);
    expect((await secrets.resolve("default", name))?.value).toBe("some-value");
  }
  expect(warnings).toHaveLength(1);
});

test("the first source that has a name is asked", async () => {
  await using directory = await temporaryDirectory();
  const versionOf = secretVersions(directory.path);
  const [first, second] = [
    environmentSecrets({ LOCKSTITCH_SECRET_A: "first-a" }, versionOf),
    environmentSecrets(
      { LOCKSTITCH_SECRET_A: "second-a", LOCKSTITCH_SECRET_B: "second-b" },
      versionOf,
    ),
  ];
  const both = firstSecrets([first, second]);
  expect((await both.resolve("default", "A"))?.value).toBe("first-a");
  expect((await both.resolve("default", "B"))?.value).toBe("second-b");
  expect(await both.list("default")).toEqual(["A", "B"]);
  expect(await both.resolve("default", "C")).toBeNull();
});
