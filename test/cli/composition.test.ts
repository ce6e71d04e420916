/** The order in which parts start and stop, and what is said when it cannot be. */
import { expect, test } from "vitest";
import { type AnyPart, inDependencyOrder, startParts } from "#cli/composition.ts";

interface Parts {
  store: string;
  engine: string;
  server: string;
}

function recording(journal: string[]): AnyPart<Parts>[] {
  const part = <Name extends keyof Parts>(name: Name, needs: (keyof Parts)[]) => ({
    name,
    needs,
    start: () => {
      journal.push(`start ${name}`);
      return name;
    },
    stop: async () => {
      journal.push(`stop ${name}`);
    },
  });
  return [part("server", ["engine"]), part("engine", ["store"]), part("store", [])];
}

test("parts start after what they need and stop before it, however they are written", async () => {
  const journal: string[] = [];
  const running = await startParts<Parts>(recording(journal));
  expect(running.parts).toEqual({ store: "store", engine: "engine", server: "server" });
  await running.stop();
  expect(journal).toEqual([
    "start store",
    "start engine",
    "start server",
    "stop server",
    "stop engine",
    "stop store",
  ]);
});

test("stopping twice stops once", async () => {
  const journal: string[] = [];
  const running = await startParts<Parts>(recording(journal));
  await Promise.all([running.stop(), running.stop()]);
  expect(journal.filter((line) => line === "stop store")).toHaveLength(1);
});

test("a missing part is named before anything starts", async () => {
  const journal: string[] = [];
  const parts = recording(journal).filter(({ name }) => name !== "store");
  await expect(startParts<Parts>(parts)).rejects.toThrow(
    "part `engine` needs `store`, which is missing; declared are: server, engine",
  );
  expect(journal).toEqual([]);
});

test("a circle is printed", () => {
  const circle: AnyPart<Parts>[] = [
    { name: "store", needs: ["server"], start: () => "store" },
    { name: "engine", needs: ["store"], start: () => "engine" },
    { name: "server", needs: ["engine"], start: () => "server" },
  ];
  expect(() => inDependencyOrder(circle)).toThrow("store -> server -> engine -> store");
});

test("a part that is declared twice is refused", () => {
  const twice: AnyPart<Parts>[] = [
    { name: "store", needs: [], start: () => "a" },
    { name: "store", needs: [], start: () => "b" },
  ];
  expect(() => inDependencyOrder(twice)).toThrow("`store` is declared twice");
});

test("when a part fails to start, those that run are stopped and the failure is thrown", async () => {
  const journal: string[] = [];
  const parts = recording(journal).map((part) =>
    part.name === "server"
      ? {
          ...part,
          start: () => {
            throw new Error("no port");
          },
        }
      : part,
  ) as AnyPart<Parts>[];
  await expect(startParts<Parts>(parts)).rejects.toThrow("no port");
  expect(journal).toEqual(["start store", "start engine", "stop engine", "stop store"]);
});

test("a part that fails to stop does not keep the others running", async () => {
  const journal: string[] = [];
  const parts = recording(journal).map((part) =>
    part.name === "engine" ? { ...part, stop: () => Promise.reject(new Error("stuck")) } : part,
  ) as AnyPart<Parts>[];
  const running = await startParts<Parts>(parts);
  await expect(running.stop()).rejects.toThrow("stuck");
  expect(journal).toContain("stop store");
});
