/** answering-thread.ts: every request settles, whatever becomes of the thread. */
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { AnsweringThread } from "#server/answering-thread.ts";

function open() {
  const workers: Worker[] = [];
  const thread = new AnsweringThread<number | string | (() => void), number>(() => {
    const worker = new Worker(new URL("./answering-worker.ts", import.meta.url));
    workers.push(worker);
    return worker;
  });
  return { thread, workers, [Symbol.asyncDispose]: () => thread.close() };
}

test("answers each request with its own answer, in one thread", async () => {
  await using fixture = open();
  const { thread, workers } = fixture;
  expect(await Promise.all([1, 2, 3].map((each) => thread.ask(each)))).toEqual([2, 4, 6]);
  await expect(thread.ask("throw")).rejects.toThrow("not that");
  expect(await thread.ask(4)).toBe(8);
  expect(workers).toHaveLength(1);
});

test("rejects what the thread had when it ended, and starts another one", async () => {
  await using fixture = open();
  const { thread, workers } = fixture;
  const lost = await Promise.allSettled([thread.ask("exit"), thread.ask(1)]);
  expect(lost.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await thread.ask(2)).toBe(4);
  expect(workers).toHaveLength(2);
});

test("rejects with what the thread died of", async () => {
  await using fixture = open();
  const { thread, workers } = fixture;
  await thread.ask(1);
  const ended = new Promise((resolve) => workers[0]?.once("exit", resolve));
  const asked = Promise.allSettled([thread.ask("crash"), thread.ask(1)]);
  await ended;
  expect((await asked)[1]).toMatchObject({
    status: "rejected",
    reason: { message: "out of order" },
  });
});

test("a request that cannot be copied is refused alone", async () => {
  await using fixture = open();
  const { thread } = fixture;
  await expect(thread.ask(() => undefined)).rejects.toThrow("could not be cloned");
  expect(await thread.ask(2)).toBe(4);
});

test("a close settles what is under way, and nothing starts it again", async () => {
  const { thread, workers } = open();
  const asked = Promise.allSettled([thread.ask(1), thread.ask(2)]);
  await thread.close();
  expect((await asked).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(thread.ask(3)).rejects.toThrow("it was ended");
  expect(workers).toHaveLength(1);
});
