/** openLockstitch on real data directories: runs to their end, failures, restarts and ownership. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { z } from "zod";
import { node, openLockstitch, RunFailed, workflow } from "../../src/lockstitch.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { runNode } from "./example-app.ts";

const LOCKSTITCH = join(import.meta.dirname, "..", "..", "src", "lockstitch.ts");

const double = node("my.double", ({ value }: { value: number }) => value * 2);
const doubling = workflow("doubling", { input: z.object({ value: z.number() }) }, (w) => {
  const twice = w.step("twice", double, { value: w.input.value });
  return { twice: twice.output };
});

test("a run answers its typed output; its definition is saved once", async () => {
  await using directory = await temporaryDirectory();
  await using l = await openLockstitch({ data: directory.path, nodes: [double] });

  const outputs = await Promise.all([1, 2, 3].map((value) => l.run(doubling, { value })));
  expect(outputs.map((run) => run.output.twice)).toEqual([2, 4, 6]);
  expect(outputs.map((run) => run.version)).toEqual([1, 1, 1]);
  expect(await l.engine.workflowVersions(l.context, "doubling")).toHaveLength(1);

  const byName = await l.run("doubling", { value: 21 });
  expect(byName.output).toEqual({ twice: 42 });
});

test("a function's failure is the run's, with its step, and carries the run", async () => {
  await using directory = await temporaryDirectory();
  await using l = await openLockstitch({
    data: directory.path,
    nodes: {
      "my.break": () => {
        throw new Error("the press is out of paper");
      },
    },
  });
  const flow = workflow("breaks", {}, (w) => {
    w.step("press", "my.break");
  });

  const failure = await l.run(flow).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(RunFailed);
  const { code, message, run } = failure as RunFailed;
  expect(code).toBe("internal");
  expect(message).toBe(`Run ${run.id} of breaks failed at press: the press is out of paper`);
  expect(run.status).toBe("failed");
});

test("waiting can be given up without ending the run; a cancel ends it", async () => {
  await using directory = await temporaryDirectory();
  await using l = await openLockstitch({ data: directory.path });
  const flow = workflow("patient", {}, (w) => {
    w.step("wait", "wait.signal", { name: "go" });
  });

  const run = await l.start(flow);
  const stop = AbortSignal.abort(new Error("seen enough"));
  await expect(run.result({ signal: stop })).rejects.toThrow("seen enough");
  expect(["running", "waiting"]).toContain((await l.get(run.id)).status);

  await l.cancel(run.id, "not wanted any more");
  await expect(run.result()).rejects.toMatchObject({ name: "RunFailed", code: "cancelled" });
});

test("a close before the end is no failure of the run, which goes on at the next open", async () => {
  await using directory = await temporaryDirectory();
  const flow = workflow("patient", {}, (w) => {
    w.step("wait", "wait.signal", { name: "go" });
  });
  const l = await openLockstitch({ data: directory.path });
  const { id, result } = await l.start(flow);
  const waits = [l.run(flow), result()].map((end) => end.catch((error: unknown) => error));
  await l.close();
  for (const error of await Promise.all(waits)) {
    expect(error).not.toBeInstanceOf(RunFailed);
    expect(error).toMatchObject({ code: "shutting_down" });
  }

  await using again = await openLockstitch({ data: directory.path });
  const run = await again.attach(id);
  await again.signal(id, "go", null);
  expect((await run.result()).status).toBe("succeeded");
});

test("what steps log comes live until the run ends, filtered as one asks", async () => {
  await using directory = await temporaryDirectory();
  const talk = node("my.talk", (input: { who: string }, { log }) => {
    log.info(`hello ${input.who}`, { who: input.who });
    log.error("bad");
  });
  await using l = await openLockstitch({ data: directory.path, nodes: [talk] });
  const flow = workflow("talks", {}, (w) => {
    w.step("ada", talk, { who: "Ada" });
    w.step("bob", talk, { who: "Bob" });
  });
  const { id, result } = await l.start(flow);
  const lines: string[] = [];
  for await (const { path, level, text, fields } of l.logs(id))
    lines.push(`${path} ${level} ${text} ${JSON.stringify(fields)}`);
  await result();
  expect(lines).toEqual(
    ["Ada", "Bob"].flatMap((who) => [
      `${who.toLowerCase()} info hello ${who} {"who":"${who}"}`,
      `${who.toLowerCase()} error bad null`,
    ]),
  );
  const bad: string[] = [];
  for await (const { path } of l.logs(id, { level: "error", path: "bob" })) bad.push(path);
  expect(bad).toEqual(["bob"]);
});

test("signals, lists over several pages, events and explain", async () => {
  await using directory = await temporaryDirectory();
  await using l = await openLockstitch({ data: directory.path, nodes: [double] });
  const flow = workflow("waits", {}, (w) => {
    const signal = w.step<{ by: string }>("wait", "wait.signal", { name: "go" });
    return { by: signal.output.by };
  });
  const waiting = await l.start(flow, undefined, { id: "w-1", labels: { kind: "patient" } });
  expect((await l.explain("w-1")).sentence).toContain("go");

  expect(await l.signal("w-1", "go", { by: "Ada" }, { id: "s-1" })).toEqual({
    applied: true,
    id: "s-1",
  });
  expect((await waiting.result()).output).toEqual({ by: "Ada" });
  const types: string[] = [];
  for await (const event of l.events("w-1")) types.push(event.type);
  expect(types.at(0)).toBe("run.queued");
  expect(types.at(-1)).toBe("run.succeeded");

  await Promise.all(Array.from({ length: 120 }, (_, value) => l.run(doubling, { value })));
  expect(await Array.fromAsync(l.runs())).toHaveLength(121);
  expect(await Array.fromAsync(l.runs({ limit: 105 }))).toHaveLength(105);
  const labelled = await Array.fromAsync(l.runs({ labels: { kind: "patient" } }));
  expect(labelled.map(({ id }) => id)).toEqual(["w-1"]);
});

test("a second open says who has the directory; after close it is free", async () => {
  await using directory = await temporaryDirectory();
  const first = await openLockstitch({ data: directory.path });
  await expect(openLockstitch({ data: directory.path })).rejects.toMatchObject({
    code: "store_owned",
    message: expect.stringContaining(String(process.pid)),
  });
  await first.close();
  await expect(first.run("anything")).rejects.toMatchObject({ code: "shutting_down" });
  await using second = await openLockstitch({ data: directory.path });
  expect(await Array.fromAsync(second.runs())).toEqual([]);
});

test("what is no node type is named, and nothing is opened", async () => {
  await using directory = await temporaryDirectory();
  const data = directory.path;
  const refused = (nodes: unknown) => openLockstitch({ data, nodes: nodes as never });
  await expect(refused({ "my.node": 5 })).rejects.toMatchObject({
    code: "config_invalid",
    message: expect.stringContaining('nodes["my.node"] is no node type'),
  });
  await expect(refused({ "my.other": double })).rejects.toMatchObject({
    message: expect.stringContaining("defines the type my.double"),
  });
  await expect(refused([() => null])).rejects.toMatchObject({ code: "config_invalid" });
  await using free = await openLockstitch({ data });
  expect(free.context.tenant).toBe("default");
});

test("a program that is killed in the middle of an attempt goes on at the next open, with the same key", async () => {
  await using directory = await temporaryDirectory();
  const seen = join(directory.path, "keys.txt");
  writeFileSync(
    join(directory.path, "program.ts"),
    `import { appendFileSync } from "node:fs";
import { openLockstitch, workflow } from ${JSON.stringify(LOCKSTITCH)};
const l = await openLockstitch({ data: ${JSON.stringify(join(directory.path, "data"))}, nodes: {
  "my.hang": async (_, { idempotencyKey }) => {
    appendFileSync(${JSON.stringify(seen)}, idempotencyKey + "\\n");
    console.log("hanging");
    await new Promise(() => undefined);
  },
} });
await l.start(workflow("hangs", {}, (w) => { w.step("hang", "my.hang"); }), undefined, { id: "h-1" });
`,
  );
  const program = spawn(process.execPath, [join(directory.path, "program.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface(program.stdout), "line");
  expect(line).toBe("hanging");
  program.kill("SIGKILL");
  await once(program, "exit");

  await using l = await openLockstitch({
    data: join(directory.path, "data"),
    log: "error",
    nodes: {
      "my.hang": (_: unknown, { idempotencyKey }: { readonly idempotencyKey: string }) => {
        appendFileSync(seen, `${idempotencyKey}\n`);
        return "done";
      },
    },
  });
  const run = await (await l.attach("h-1")).result();
  expect(run.output).toBe("done");
  const keys = readFileSync(seen, "utf8").trim().split("\n");
  expect(keys).toHaveLength(2);
  expect(new Set(keys).size).toBe(1);
});

test.each([
  ["a timer", 'w.step("nap", "wait.for", { duration: "300ms" })'],
  ["a signal that expires", 'w.step("go", "wait.signal", { name: "go", expires: "300ms" })'],
])("a program that only waits for a run that waits for %s stays until its end", async (_, step) => {
  await using directory = await temporaryDirectory();
  writeFileSync(
    join(directory.path, "program.ts"),
    `import { openLockstitch, workflow } from ${JSON.stringify(LOCKSTITCH)};
await using l = await openLockstitch({ data: ${JSON.stringify(join(directory.path, "data"))} });
const run = await l.start(workflow("waits", {}, (w) => { ${step}; }));
const ended = await run.result().catch(({ run }) => run);
console.log(ended.status, ended.error?.code);
`,
  );
  const { status, stdout, stderr } = runNode(["program.ts"], directory.path);
  expect({ status, stdout, stderr }).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^(succeeded|failed) /),
    stderr: "",
  });
});

test("settings are checked as those of a configuration file are", async () => {
  await using directory = await temporaryDirectory();
  const data = directory.path;
  const settings = { nonsense: 1, quotas: { tenant: { runs: 1 } } };
  await expect(
    openLockstitch({ data, concurrency: 0, http: { timeoutMs: -1 }, settings }),
  ).rejects.toMatchObject({
    code: "config_invalid",
    details: {
      problems: [
        expect.stringContaining("nonsense in openLockstitch(): there is no such setting"),
        expect.stringContaining("concurrency in openLockstitch(): 0"),
        expect.stringContaining("http.timeoutMs in openLockstitch(): -1"),
        expect.stringContaining('quotas.tenant in openLockstitch(): Unrecognized key: "runs"'),
      ],
    },
  });
});

test("secrets of a file reach the function, and nothing else", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "secrets.env");
  writeFileSync(file, "TOKEN=canary-4711\n", { mode: 0o600 });
  const seen: unknown[] = [];
  await using l = await openLockstitch({
    data: join(directory.path, "data"),
    secrets: file,
    nodes: {
      "my.use": ({ token }: { token: string }) => {
        seen.push(token);
        return { echo: token };
      },
    },
  });
  const flow = workflow("uses", {}, (w) => {
    w.step("use", "my.use", { token: "${{ secrets.TOKEN }}" });
  });
  expect((await l.run(flow)).output).toEqual({ echo: "[secret TOKEN]" });
  expect(seen).toEqual(["canary-4711"]);
});

test("values that runs share are read, listed, set and deleted, and steps build on what was set", async () => {
  await using directory = await temporaryDirectory();
  await using l = await openLockstitch({ data: directory.path });
  const counting = workflow("counting", {}, (w) => {
    const next = w.step("next", "state.counter", { name: "next", scope: "workflow" });
    return { next: next.output["value"] };
  });
  const key = { workflow: "counting", name: "next" };
  await expect(l.value(key)).rejects.toMatchObject({ code: "value_not_found" });
  expect((await l.run(counting)).output).toEqual({ next: 1 });
  const read = await l.value<number>(key);
  expect(read.value + 1).toBe(2);
  expect(read).toMatchObject({ ...key, scope: "workflow" });

  const set = await l.setValue(key, 41, "the old system stood there");
  expect(set).toMatchObject({ value: 41, changedBy: "local" });
  expect((await l.run(counting)).output).toEqual({ next: 42 });

  await l.setValue({ name: "rate" }, { usd: 1.5 });
  await l.setValue({ name: "region" }, "north");
  const names = async (filter: Parameters<typeof l.values>[0]) => {
    const found: string[] = [];
    for await (const { scope, name } of l.values(filter)) found.push(`${scope} ${name}`);
    return found.sort();
  };
  expect(await names({})).toEqual(["tenant rate", "tenant region", "workflow next"]);
  expect(await names({ scope: "tenant" })).toHaveLength(2);
  expect(await names({ workflow: "counting" })).toEqual(["workflow next"]);
  expect(await names({ prefix: "ra" })).toEqual(["tenant rate"]);
  expect(await names({ limit: 2 })).toHaveLength(2);
  for (let n = 0; n < 120; n++) await l.setValue({ name: `many-${n}` }, n);
  expect(await names({ prefix: "many-" })).toHaveLength(120);

  expect(await l.deleteValue(key, "begin anew")).toMatchObject({ value: 42 });
  expect((await l.run(counting)).output).toEqual({ next: 1 });
  const changes = await l.valueChanges(key);
  expect(changes).toMatchObject([
    { by: "local", reason: "begin anew", before: 42, after: undefined },
    { by: "local", reason: "the old system stood there", before: 1, after: 41 },
  ]);
  expect(await l.valueChanges(key, 1)).toHaveLength(1);
  await expect(l.setValue({ name: "no name" }, 1)).rejects.toMatchObject({
    code: "request_invalid",
  });
});

test("a file is saved as a version; one with mistakes is refused with their places", async () => {
  await using directory = await temporaryDirectory();
  await using l = await openLockstitch({ data: directory.path });
  const file = join(directory.path, "greet.workflow.yaml");
  writeFileSync(file, "language: 1\nname: greet\nsteps: [{ id: a, uses: noop }]\noutput: hello\n");
  expect(await l.saveFile(file)).toMatchObject({ name: "greet", version: 1 });
  expect((await l.run("greet")).output).toBe("hello");
  writeFileSync(file, "language: 1\nname: greet\nsteps: [{ id: a, uses: noop, needs: [b] }]\n");
  const refused = await l.saveFile(file).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "definition_invalid" });
  expect(String(refused)).toMatch(/greet\.workflow\.yaml:3:/);
});
