/** Any text goes into the columns of PostgreSQL and comes back, U+0000 included. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromStoredText, toStoredText } from "#storage/postgres/nul-text.ts";
import { ALICE } from "../../contract/store-fixture.ts";
import { postgresForTests } from "./postgres-fixture.ts";

const TEXT = fc.string({ unit: fc.constantFrom("\0", "\u0001", "0", "1", "a", "ü") });

test("stored text has no U+0000, and reading it gives what was written", () => {
  fc.assert(
    fc.property(TEXT, (text) => {
      expect(toStoredText(text)).not.toContain("\0");
      expect(fromStoredText(toStoredText(text))).toBe(text);
    }),
  );
});

const postgres = postgresForTests();

describe.skipIf(postgres === null)("through the database", () => {
  if (postgres === null) return;

  test("names and reasons with U+0000 are kept, alone and in arrays", async () => {
    await using fixture = await postgres.openStore();
    const { catalogue, state } = fixture.store;
    const name = "a\0b\u00010";
    await catalogue.save(ALICE, { name, hash: "h", definition: "{}", atMs: 1 });
    expect((await catalogue.find(ALICE, name, null))?.name).toBe(name);
    expect((await catalogue.list(ALICE, "a\0", 9)).map((workflow) => workflow.name)).toEqual([
      name,
    ]);
    const key = { scope: "tenant", workflow: "", name } as const;
    await state.change(ALICE, { ...key, value: '"\\u0000"', reason: "why\0not" });
    const { items } = await state.list(ALICE, { prefix: "a\0", limit: 9 });
    expect(items.map((entry) => [entry.name, entry.value])).toEqual([[name, '"\\u0000"']]);
    expect((await state.changes(ALICE, key, 9))[0]?.reason).toBe("why\0not");
  });
});
