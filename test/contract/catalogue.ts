/** The promises C1 to C3 of src/ports/catalogue.ts, for every adapter. */
import { describe, expect, test } from "vitest";
import { ALICE, BOB, type OpenFixture } from "./store-fixture.ts";

function definitionOf(name: string, edition: string) {
  return { name, hash: `hash-${edition}`, definition: `{"is":"${edition} ü"}`, atMs: 5 };
}

export function catalogueContract(adapter: string, open: OpenFixture): void {
  describe(`catalogue contract: ${adapter}`, () => {
    test("C1, C2 versions count from 1; the newest one's hash makes no new version", async () => {
      await using fixture = await open();
      const { catalogue } = fixture.store;
      const first = await catalogue.save(ALICE, definitionOf("w", "one"));
      expect(first).toEqual({
        name: "w",
        version: 1,
        hash: "hash-one",
        createdAtMs: 5,
        created: true,
      });
      const again = await catalogue.save(ALICE, { ...definitionOf("w", "one"), atMs: 6 });
      expect(again).toEqual({ ...first, created: false });
      expect((await catalogue.save(ALICE, definitionOf("w", "two"))).version).toBe(2);
      // Back to an older text is a new version: only the newest one counts.
      expect((await catalogue.save(ALICE, definitionOf("w", "one"))).version).toBe(3);
      const versions = await catalogue.versions(ALICE, "w");
      expect(versions.map(({ version, hash }) => [version, hash])).toEqual([
        [3, "hash-one"],
        [2, "hash-two"],
        [1, "hash-one"],
      ]);
      expect((await catalogue.find(ALICE, "w", 2))?.definition).toBe('{"is":"two ü"}');
      expect(await catalogue.find(ALICE, "w", null)).toMatchObject({ version: 3 });
      expect(await catalogue.find(ALICE, "w", 4)).toBeNull();
      expect(await catalogue.find(ALICE, "v", null)).toBeNull();
    });

    test("C3 what save() answered is there after a restart; concurrent saves leave no gap", async () => {
      await using fixture = await open();
      const { catalogue } = fixture.store;
      const saved = await Promise.all(
        ["a", "b", "c"].map((edition) => catalogue.save(ALICE, definitionOf("w", edition))),
      );
      expect(saved.map(({ version }) => version).sort()).toEqual([1, 2, 3]);
      const reopened = await fixture.reopen();
      expect(await reopened.catalogue.versions(ALICE, "w")).toHaveLength(3);
    });

    test("lists come by name in pages, one tenant's only", async () => {
      await using fixture = await open();
      const { catalogue } = fixture.store;
      for (const name of ["b", "a", "c"]) await catalogue.save(ALICE, definitionOf(name, "one"));
      await catalogue.save(ALICE, definitionOf("b", "two"));
      await catalogue.save(BOB, definitionOf("d", "one"));
      const page = await catalogue.list(ALICE, null, 2);
      expect(page.map(({ name, version }) => [name, version])).toEqual([
        ["a", 1],
        ["b", 2],
      ]);
      expect((await catalogue.list(ALICE, "b", 2)).map(({ name }) => name)).toEqual(["c"]);
      expect((await catalogue.list(BOB, null, 9)).map(({ name }) => name)).toEqual(["d"]);
      expect(await catalogue.find(BOB, "a", null)).toBeNull();
    });
  });
}
