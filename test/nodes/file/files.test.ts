/** File nodes on a real folder: round trips, links, and every way out of the folder. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import type { NodeDefinition } from "#nodes/define-node.ts";
import { fileList } from "#nodes/file/file-list.ts";
import { fileRead } from "#nodes/file/file-read.ts";
import { fileWrite } from "#nodes/file/file-write.ts";
import { replaceFile } from "#nodes/file/replace-file.ts";
import { nodeContext } from "../node-context.ts";

/** A root with a file inside, and beside it a folder that nothing may reach. */
async function folders() {
  const base = await mkdtemp(join(tmpdir(), "lockstitch-files-"));
  const root = join(base, "root");
  const outside = join(base, "root-outside");
  await mkdir(join(root, "sub"), { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, "secret"), "secret");
  await writeFile(join(root, "a.txt"), "hello");
  const run = (node: NodeDefinition, config: Record<string, unknown>) =>
    runAttempt(node, config, nodeContext({ fileRoot: root }));
  return {
    root,
    outside,
    run,
    [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true }),
  };
}

it.each([
  ["text", "grüße\n", "text"],
  ["json", { a: [1, null] }, "json"],
  ["base64", "AAH/", "base64"],
])("writes and reads back %s, making folders", async (_, content, encoding) => {
  await using here = await folders();
  const written = await here.run(fileWrite, { path: "new/deep/file", content, encoding });
  expect(written).toMatchObject({ ok: true, output: { path: "new/deep/file" } });
  const read = await here.run(fileRead, { path: "./new//deep/file", encoding });
  expect(read).toMatchObject({ ok: true, output: { content } });
  expect(await readdir(join(here.root, "new/deep"))).toEqual(["file"]);
});

it("replaces a file as a whole, and leaves no temporary file when it cannot", async () => {
  await using here = await folders();
  await here.run(fileWrite, { path: "a.txt", content: "x" });
  expect(await readFile(join(here.root, "a.txt"), "utf8")).toBe("x");
  const refused = await here.run(fileWrite, { path: "sub", content: "x" });
  expect(refused).toMatchObject({ error: { code: "file_failed" } });
  expect((await readdir(here.root)).sort()).toEqual(["a.txt", "sub"]);
});

it("removes what an earlier attempt of the step left when its process died, and nothing else", async () => {
  await using here = await folders();
  const attempt = (number: number, key = "key-1") =>
    nodeContext({ fileRoot: here.root, attempt: number, idempotencyKey: key });
  const rests = async () => (await readdir(here.root)).filter((name) => name.endsWith(".tmp"));
  const left = async (key: string, mark: string) => {
    // As a process that dies leaves it: written in part, neither renamed nor removed.
    const written = Promise.withResolvers<void>();
    void replaceFile(
      join(here.root, "a.txt"),
      { context: attempt(1, key), signal: new AbortController().signal },
      async (file) => {
        await file.writeFile(mark);
        written.resolve();
        await new Promise(() => {});
      },
    );
    await written.promise;
  };
  await left("key-1", "half");
  await left("key-2", "of another step");
  expect(await rests()).toHaveLength(2);
  const config = { path: "a.txt", content: "whole" };
  expect(await runAttempt(fileWrite, config, attempt(2))).toMatchObject({ ok: true });
  const [rest = "", ...more] = await rests();
  expect(more).toEqual([]);
  expect(await readFile(join(here.root, rest), "utf8")).toBe("of another step");
  expect(await readFile(join(here.root, "a.txt"), "utf8")).toBe("whole");
});

it("replaces a link instead of writing through it", async () => {
  await using here = await folders();
  await symlink(join(here.outside, "secret"), join(here.root, "link"));
  expect(await here.run(fileWrite, { path: "link", content: "mine" })).toMatchObject({ ok: true });
  expect(await readFile(join(here.outside, "secret"), "utf8")).toBe("secret");
  expect(await readFile(join(here.root, "link"), "utf8")).toBe("mine");
});

it.each([
  "/etc/passwd",
  "../root-outside/secret",
  "sub/../../root-outside/secret",
  "sub/..",
  "..",
  "a\\..\\b",
  "C:/x",
  "a\u0000b",
  "escape/secret",
  "filelink",
  "chain",
  "sub/up/root-outside/secret",
])("denies %j to every node", async (path) => {
  await using here = await folders();
  await symlink(here.outside, join(here.root, "escape"));
  await symlink(join(here.outside, "secret"), join(here.root, "filelink"));
  await symlink("filelink", join(here.root, "chain"));
  await symlink("../..", join(here.root, "sub/up"));
  const denied = { ok: false, error: { code: "file_denied", retryable: false } };
  expect(await here.run(fileRead, { path })).toMatchObject(denied);
  expect(await here.run(fileList, { path })).toMatchObject(denied);
  // Writing replaces a link at the end of a path; all else is denied as well.
  if (!["filelink", "chain"].includes(path))
    expect(await here.run(fileWrite, { path: `${path}/x`, content: "" })).toMatchObject(denied);
  expect(await readdir(here.outside)).toEqual(["secret"]);
});

it("follows links that stay inside, also when the root itself is a link", async () => {
  await using here = await folders();
  await symlink("../a.txt", join(here.root, "sub/inner"));
  await symlink(here.root, join(here.outside, "rootlink"));
  const context = nodeContext({ fileRoot: join(here.outside, "rootlink") });
  expect(await runAttempt(fileRead, { path: "sub/inner" }, context)).toMatchObject({
    output: { content: "hello" },
  });
});

it("lists sorted, recursively, by suffix, without following links", async () => {
  await using here = await folders();
  await writeFile(join(here.root, "sub/b.csv"), "1");
  await symlink(here.outside, join(here.root, "z"));
  const paths = async (config: Record<string, unknown>) => {
    const result = await here.run(fileList, config);
    if (!result.ok) throw new Error(result.error.message);
    const { entries } = result.output as { entries: { path: string; kind: string }[] };
    return entries.map(({ path, kind }) => `${path} ${kind}`);
  };
  expect(await paths({})).toEqual(["a.txt file", "sub folder", "z link"]);
  expect(await paths({ recursive: true })).toEqual([
    "a.txt file",
    "sub folder",
    "sub/b.csv file",
    "z link",
  ]);
  expect(await paths({ recursive: true, suffix: ".csv" })).toEqual(["sub/b.csv file"]);
  expect(await paths({ path: "sub" })).toEqual(["sub/b.csv file"]);
});

it.each([
  ["file_not_found", fileRead, { path: "none" }],
  ["file_not_found", fileList, { path: "none" }],
  ["file_failed", fileRead, { path: "sub" }],
  ["file_failed", fileList, { path: "a.txt" }],
  ["parse_failed", fileRead, { path: "a.txt", encoding: "json" }],
  ["limit_exceeded", fileRead, { path: "a.txt", bytesMax: 4 }],
  ["file_failed", fileWrite, { path: "a.txt/x", content: "" }],
  ["file_denied", fileWrite, { path: "", content: "" }],
  ["config_invalid", fileWrite, { path: "x", content: 5, encoding: "text" }],
  ["config_invalid", fileWrite, { path: "x", content: "!", encoding: "base64" }],
])("fails with %s", async (code, node, config) => {
  await using here = await folders();
  expect(await here.run(node, config)).toMatchObject({ ok: false, error: { code } });
});

it.each([
  [fileRead, { path: "a" }],
  [fileList, { path: "a" }],
  [fileWrite, { path: "a", content: "" }],
])("is off without a folder", async (node, config) => {
  expect(await runAttempt(node, config, nodeContext())).toMatchObject({
    error: { code: "file_denied", message: expect.stringMatching(/no file folder/) },
  });
});
