/** What a mutation run that was ended leaves to the next one. */
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type FileRecord,
  hashOf,
  hashOfFiles,
  killedIn,
  knownOf,
  readRecord,
  writeRecord,
} from "../../scripts/mutation/records.ts";
import { isInSample, mutantName } from "../../scripts/mutation/sample.ts";

const at = (line: number) => ({ start: { line, column: 3 }, end: { line, column: 9 } });
const mutant = (line: number, status: string) => ({
  ...{ mutatorName: "Name", replacement: "x", location: at(line), status },
});
const RECORD: FileRecord = {
  source: hashOf("text"),
  tests: hashOf("tests"),
  mutants: [
    mutant(1, "Killed"),
    mutant(2, "Timeout"),
    mutant(3, "Survived"),
    mutant(4, "NoCoverage"),
  ],
};
const NOW = { source: RECORD.source, tests: RECORD.tests };

test("of a file whose text has changed nothing is known", () => {
  expect(knownOf(null, NOW)).toBe("nothing");
  expect(knownOf(RECORD, { ...NOW, source: hashOf("text ") })).toBe("nothing");
});

test("with the same tests all is known; with others what was killed, which may be all", () => {
  const others = { ...NOW, tests: hashOf("more tests") };
  expect(knownOf(RECORD, NOW)).toBe("all");
  expect(knownOf(RECORD, others)).toBe("killed");
  const killed = { ...RECORD, mutants: RECORD.mutants.slice(0, 2) };
  expect(knownOf(killed, others)).toBe("all");
});

test("those that were killed or hung need not be tried again, by the names that a runner sees", () => {
  const line = (number: number) => ({
    start: { line: number, column: 2 },
    end: { line: number, column: 8 },
  });
  const seen = (number: number) => ({
    mutatorName: "Name",
    replacement: "x",
    location: line(number),
  });
  expect(killedIn("src/a.ts", RECORD)).toEqual([
    mutantName("src/a.ts", seen(0)),
    mutantName("src/a.ts", seen(1)),
  ]);
  // What a sample has depends on the same name.
  expect(isInSample("src/a.ts", seen(0), 1)).toBe(true);
});

test("a record comes back as it was written; where there is none, none is read", () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "records-"));
  expect(readRecord(folder.path, "src/deep/a.ts")).toBe(null);
  writeRecord(folder.path, "src/deep/a.ts", {
    ...RECORD,
    mutants: RECORD.mutants.map((one) => ({ ...one, coveredBy: ["a", "b"] })),
  });
  expect(readRecord(folder.path, "src/deep/a.ts")).toEqual(RECORD);
  writeFileSync(join(folder.path, "src/deep/a.ts.json"), "{");
  expect(() => readRecord(folder.path, "src/deep/a.ts")).toThrow(SyntaxError);
});

test("a hash of files depends on what they say and are called, not on their order", () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "records-"));
  const file = (name: string, text: string) => {
    const path = join(folder.path, name);
    writeFileSync(path, text);
    return path;
  };
  const [a, b, c] = [file("a", "1"), file("b", "2"), file("c", "1")];
  expect(hashOfFiles([a, b])).toBe(hashOfFiles([b, a]));
  expect(hashOfFiles([a])).not.toBe(hashOfFiles([c]));
  const before = hashOfFiles([a, b]);
  file("b", "3");
  expect(hashOfFiles([a, b])).not.toBe(before);
  expect(hashOf("ab", "c")).not.toBe(hashOf("a", "bc"));
});
