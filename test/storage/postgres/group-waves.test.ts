/** How a group of turns is cut into waves: which stand beside each other, which follow. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SharedUse } from "#ports/state-store.ts";
import { cutGroup } from "#storage/postgres/group-waves.ts";
import { sharedArea } from "#storage/postgres/shared-area.ts";
import { creation } from "../../contract/store-fixture.ts";

/** A use of the value: what it changes it to, or null. */
const use = (name: string, value: string | null): SharedUse => ({
  ...{ scope: "tenant", workflow: "", name, revision: 1, path: "p", atMs: 1 },
  change: value === null ? null : { revision: 2, value },
});

const cut = (groups: readonly (readonly SharedUse[])[]) => {
  const turns = groups.map((shared, at) =>
    creation({ runId: `r${at}`, epoch: 1, rest: { shared } }),
  );
  const { waves } = cutGroup(turns, 1, [sharedArea]);
  return waves.map((wave) => wave.map(({ turn }) => Number(turn.runId.slice(1))));
};

test("turns that only look at a value stand beside each other", () => {
  const looks = Array.from({ length: 100 }, () => [use("limit", null)]);
  expect(cut(looks).map((wave) => wave.length)).toEqual([100]);
});

test("whoever changes a value follows who looked at it before, and comes before who looks later", () => {
  const [look, change] = [[use("n", null)], [use("n", "1")]];
  expect(cut([look, look, change, look, change, look])).toEqual([[0, 1], [2], [3], [4], [5]]);
  expect(cut([change, [use("m", null)], look, [use("m", "2"), use("n", null)]])).toEqual([
    [0, 1],
    [2, 3],
  ]);
  // A turn that looks at what it changes, too, changes it.
  expect(cut([[use("n", null), use("n", "1")], look])).toEqual([[0], [1]]);
});

test("whatever turns use: of two that use one name, one of which changes it, the later is in a later wave", () => {
  const uses = fc.array(
    fc.record({ name: fc.constantFrom("a", "b", "c"), value: fc.constantFrom(null, "1") }),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(fc.array(uses, { minLength: 2, maxLength: 12 }), (groups) => {
      const turns = groups.map((of) => of.map(({ name, value }) => use(name, value)));
      const waveOf = new Map(cut(turns).flatMap((wave, at) => wave.map((turn) => [turn, at])));
      for (const [later, mine] of turns.entries())
        for (const [earlier, others] of turns.slice(0, later).entries()) {
          const meet = mine.some((a) =>
            others.some((b) => a.name === b.name && (a.change !== null || b.change !== null)),
          );
          if (meet) expect(waveOf.get(later)).toBeGreaterThan(waveOf.get(earlier) ?? 0);
        }
    }),
  );
});
