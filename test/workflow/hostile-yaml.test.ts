/** Definitions in YAML that would take minutes to read: many keys, many faults on one line. */
import { expect, it } from "vitest";
import { readYaml } from "#workflow/source-yaml.ts";
import { threadMs } from "../support/thread-time.ts";

function timed(text: string) {
  const startedAtMs = threadMs();
  const source = readYaml(text);
  expect(threadMs() - startedAtMs).toBeLessThan(10_000);
  return source;
}

it("many keys", () => {
  const text = Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join("\n");
  expect(timed(text)).toMatchObject({ faults: [], value: { k0: 1, k59999: 1 } });
});

it("many unquoted expressions on one line", () => {
  const { faults, value } = timed(`a: ${"{{ a }} ".repeat(10_000)}`);
  expect(value).toBeUndefined();
  expect(faults[0]).toMatchObject({ code: "unquoted_expression", offset: 3 });
});

it("a key that occurs twice is told where it stands", () => {
  const text = "a: 1\nb:\n  c d: 1\n  c d: 2\n";
  expect(timed(text).faults).toEqual([
    {
      code: "duplicate_key",
      message: "The key `c d` occurs twice.",
      offset: text.lastIndexOf("c d"),
      pointer: ["b"],
      suggestion: "Remove one.",
    },
  ]);
});
