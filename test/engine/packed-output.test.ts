/** packed-json.ts through the engine: a large output of the pure thread is read wherever it is asked for. */
import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { encodeEvents, parseEvents } from "#engine/embedded/event-blobs.ts";
import { PackedJson } from "#workflow/packed-json.ts";
import { context, workflow } from "./engine-fixture.ts";
import { ended, openSqliteBench } from "./sqlite-fixture.ts";

const ROWS = 20_000;
const text = [
  "id,name",
  ...Array.from({ length: ROWS }, (_, at) => `${at},customer number ${at}`),
].join("\n");

test("expressions, a scope's output and the run's output have the value, also after a restart", async () => {
  await using bench = await openSqliteBench();
  const definition = workflow("large", {
    steps: [
      { id: "rows", uses: "parse", with: { text: "${{ input.text }}", format: "csv" } },
      // In the same turn as the result: its value is only in the event.
      { id: "count", uses: "data.set", with: { value: "${{ steps.rows.output.length }}" } },
      { id: "again", uses: "noop", with: { value: "${{ steps.rows.output }}" } },
      { id: "last", uses: "data.set", with: { value: "${{ steps.again.output[19999].name }}" } },
    ],
    output: {
      count: "${{ steps.count.output }}",
      last: "${{ steps.last.output }}",
      rows: "${{ steps.rows.output }}",
    },
  });
  const { engine, store } = await bench.open();
  const { run } = await engine.start(context, { workflow: definition, input: { text } });
  const done = await ended(engine, run.id);
  expect(done.status).toBe("succeeded");
  const output = done.output as { count: number; last: string; rows: readonly unknown[] };
  expect([output.count, output.last, output.rows.length]).toEqual([
    ROWS,
    "customer number 19999",
    ROWS,
  ]);
  expect(output.rows[7]).toEqual({ id: "7", name: "customer number 7" });
  await engine.close(0);
  await store.close();
  const { engine: later } = await bench.open();
  expect((await later.get(context, run.id))?.output).toEqual(output);
});

test("the journal names the same blob as for the value itself, and never its bytes", () => {
  const value = Array.from({ length: 30_000 }, (_, at) => `ü ${at}`);
  const content = new TextEncoder().encode(JSON.stringify(value));
  const packed = new PackedJson(content, hash("sha256", content));
  const event = (output: unknown) => ({ type: "step.succeeded", path: "a", output }) as const;
  const plain = encodeEvents([event(value)]);
  for (const hasLarge of [true, false]) {
    const { text: written, blobs } = encodeEvents([event(value)], { hasLarge });
    expect([written, blobs]).toEqual([plain.text, plain.blobs]);
  }
  const { text: written, blobs } = encodeEvents([event(packed)], { hasLarge: true });
  expect(written).toBe(plain.text);
  expect(blobs).toEqual(plain.blobs.map((blob) => ({ ...blob, packed })));
  expect(parseEvents(written)[0]).not.toHaveProperty("output");
});
