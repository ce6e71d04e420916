/** Where settings come from, and what is said about wrong ones. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfigFile } from "#cli/config-file.ts";
import { type FileSettings, resolveSettings } from "#cli/settings.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const NO_FILE: FileSettings = { path: null, folder: "/here", values: {}, nodes: [], chain: {} };

function settings(
  from: { flags?: Record<string, string>; env?: Record<string, string>; file?: FileSettings } = {},
) {
  return resolveSettings({
    flags: from.flags ?? {},
    env: from.env ?? {},
    file: from.file ?? NO_FILE,
    cwd: "/here",
  });
}

function fileOf(values: Record<string, unknown>): FileSettings {
  return { path: "lockstitch.config.yaml", folder: "/there", values, nodes: [], chain: {} };
}

test("the defaults", () => {
  expect(settings()).toMatchObject({
    data: "/here/.lockstitch",
    host: "127.0.0.1",
    port: 7420,
    apiKeys: [],
    http: { allowPrivate: false, redirectsMax: 10, callsPerRunMax: 100 },
  });
});

test("a flag beats the environment, which beats the file, which beats the default", () => {
  const file = fileOf({ port: 1 });
  expect(settings({ file }).port).toBe(1);
  expect(settings({ file, env: { LOCKSTITCH_PORT: "2" } }).port).toBe(2);
  expect(settings({ file, env: { LOCKSTITCH_PORT: "2" }, flags: { port: "3" } }).port).toBe(3);
});

test("Redis is named by --redis, its variable or redis.url, and its password is in no message", () => {
  const file = fileOf({ "redis.url": "redis://file" });
  const env = { LOCKSTITCH_REDIS_URL: "rediss://environment" };
  expect(settings().store.redis).toBeNull();
  expect(settings({ file }).store.redis).toBe("redis://file");
  expect(settings({ file, env }).store.redis).toBe("rediss://environment");
  const flags = { "redis.url": "redis://flag" };
  expect(settings({ file, env, flags }).store.redis).toBe("redis://flag");
  const wrong = () => settings({ flags: { "redis.url": "http://:hush@cache" } });
  expect(wrong).toThrow(/--redis: is not a URL of a Redis server; for example redis:/);
  expect(wrong).not.toThrow(/hush/);
});

test("an empty variable counts as unset", () => {
  expect(settings({ env: { LOCKSTITCH_PORT: "" } }).port).toBe(7420);
});

test("relative folders are taken from where they are written", () => {
  expect(settings({ file: fileOf({ data: "d", fileRoot: "f" }) })).toMatchObject({
    data: "/there/d",
    fileRoot: "/there/f",
  });
  expect(settings({ env: { LOCKSTITCH_DATA: "d" } }).data).toBe("/here/d");
});

test("lists, numbers and booleans of the environment are read as such", () => {
  const { http, concurrency } = settings({
    env: {
      LOCKSTITCH_HTTP_ALLOW_PRIVATE: "true",
      LOCKSTITCH_HTTP_ALLOW_CIDRS: "10.0.0.0/8, fd00::/8",
      LOCKSTITCH_CONCURRENCY: "12",
    },
  });
  expect(http.allowPrivate).toBe(true);
  expect(http.allowCidrs).toEqual(["10.0.0.0/8", "fd00::/8"]);
  expect(concurrency).toBe(12);
});

test.each([
  ["a flag", { flags: { port: "seven" } }, /--port: "seven" .*for example 7420/],
  ["a variable", { env: { LOCKSTITCH_PORT: "70000" } }, /LOCKSTITCH_PORT: 70000 .*for example/],
  ["a field", { file: fileOf({ port: -1 }) }, /port in lockstitch\.config\.yaml: -1 /],
  ["a boolean", { env: { LOCKSTITCH_HTTP_ALLOW_PRIVATE: "yes" } }, /ALLOW_PRIVATE: "yes"/],
  ["a block", { env: { LOCKSTITCH_HTTP_ALLOW_CIDRS: "10.0.0.0" } }, /address block/],
  ["an unknown field", { file: fileOf({ prot: 1 }) }, /prot in lockstitch\.config\.yaml: there is/],
])("%s that is wrong is named with its place and a value that works", (_what, from, message) => {
  expect(() => settings(from as Parameters<typeof settings>[0])).toThrow(message);
});

test("a key that is too short is not printed", () => {
  expect(() => settings({ env: { LOCKSTITCH_API_KEY: "hunter2" } })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
  );
});

test("all mistakes are found at once", () => {
  expect(() => settings({ flags: { port: "x" }, env: { LOCKSTITCH_CONCURRENCY: "0" } })).toThrow(
    expect.objectContaining({ details: { problems: [expect.any(String), expect.any(String)] } }),
  );
});

test.each([
  ["lockstitch.config.json", '{ "port": 1, "http": { "allowPrivate": true } }'],
  ["lockstitch.config.yaml", "port: 1\nhttp:\n  allowPrivate: true\n"],
  ["lockstitch.config.mjs", "export default { port: 1, http: { allowPrivate: true } };"],
  ["lockstitch.config.ts", "export default { port: 1 as number, http: { allowPrivate: true } };"],
])("%s is found and read", async (name, text) => {
  await using directory = await temporaryDirectory();
  await writeFile(join(directory.path, name), text);
  const file = await readConfigFile(directory.path, undefined);
  expect(file).toMatchObject({
    path: name,
    folder: directory.path,
    values: { port: 1, "http.allowPrivate": true },
  });
});

test("node types come from code only, and must be node types", async () => {
  await using directory = await temporaryDirectory();
  await writeFile(join(directory.path, "a.json"), '{ "nodes": [] }');
  await writeFile(join(directory.path, "b.mjs"), "export default { nodes: [{}] };");
  await expect(readConfigFile(directory.path, "a.json")).rejects.toThrow("node types are code");
  await expect(readConfigFile(directory.path, "b.mjs")).rejects.toThrow(
    "nodes[0] in b.mjs: is not a node type",
  );
});

test("a named file that is not there, or does not parse, is an error", async () => {
  await using directory = await temporaryDirectory();
  await writeFile(join(directory.path, "broken.json"), "{");
  await expect(readConfigFile(directory.path, "none.yaml")).rejects.toThrow("there is no file");
  await expect(readConfigFile(directory.path, "broken.json")).rejects.toThrow("cannot be read");
});

test("connections are checked, and their files taken from the configuration file's folder", () => {
  const file = (connections: unknown) => ({ ...fileOf({}), connections });
  expect(
    settings({ file: file({ prices: { kind: "sqlite", file: "prices.db" } }) }).connections,
  ).toMatchObject({ prices: { kind: "sqlite", file: "/there/prices.db", readOnly: false } });
  expect(() =>
    settings({
      file: file({
        db: { kind: "postgres", host: "h", database: "d", user: "u", password: "plain-canary" },
        x: { kind: "nothing" },
      }),
    }),
  ).toThrow(
    /connections\.db\.password in lockstitch\.config\.yaml: must be a reference to a secret[\s\S]*connections\.x\.kind/,
  );
});

test("shell.run is off unless commands are listed", () => {
  expect(settings().shell).toMatchObject({ commands: [], environment: [] });
  expect(
    settings({ env: { LOCKSTITCH_SHELL_COMMANDS: "git, /usr/bin/make" } }).shell,
  ).toMatchObject({
    commands: ["git", "/usr/bin/make"],
  });
});

test("quotas are checked, each mistake with its place", () => {
  const file = (quotas: unknown) => ({ ...fileOf({}), quotas });
  const given = { tenant: { openRuns: 5 }, workflows: { "a/b": { cpuSecondsPerHour: 0.5 } } };
  expect(settings({ file: file(given) }).admission.quotas).toEqual(given);
  expect(settings().admission.quotas).toEqual({});
  const wrong = { tenant: { openRuns: 0, runs: 1 }, workflow: { stepsPerHour: 1.5 }, all: {} };
  expect(() => settings({ file: file(wrong) })).toThrow(
    /quotas\.tenant\.openRuns in lockstitch\.config\.yaml: [\s\S]*quotas\.tenant in [^:]*: Unrecognized key: "runs"; there are openRuns, startsPerMinute[\s\S]*quotas\.workflow\.stepsPerHour[\s\S]*"all"; there are tenant, workflow, tenants, workflows/,
  );
});
