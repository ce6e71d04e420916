/** The promises T1 to T6 of src/ports/triggers.ts, for every adapter. */
import { describe, expect, test } from "vitest";
import type { Store } from "#ports/store.ts";
import {
  MARKS_KEPT,
  type TriggerMark,
  type TriggerRow,
  type TriggerSave,
  type TriggerText,
} from "#ports/triggers.ts";
import { ALICE, BOB, type OpenFixture } from "./store-fixture.ts";

const KEY = { workflow: "orders", id: "nightly" };

function text(more: Partial<TriggerText> = {}): TriggerText {
  return {
    ...{ ...KEY, kind: "schedule", lookup: "", spec: '{"every":"1h"}', state: '{"cursor":0}' },
    ...{ dueAtMs: 5_000, ...more },
  };
}

function to(more: Partial<TriggerRow> = {}): NonNullable<TriggerSave["to"]> {
  const { workflow: _workflow, id: _id, ...rest } = text();
  return { ...rest, source: "api", paused: null, ...more };
}

function mark(instantMs: number, more: Partial<TriggerMark> = {}): TriggerMark {
  return {
    ...{ kind: "fired", instantMs, untilMs: null, runId: `run-${instantMs}`, reason: null },
    ...{ atMs: instantMs + 5, ...more },
  };
}

let saved = 0;

/** A new version of `orders` with these triggers. */
async function version(store: Store, triggers: readonly TriggerText[], workflow = "orders") {
  const hash = `hash-${++saved}`;
  const definition = "{}";
  return await store.catalogue.save(ALICE, {
    ...{ name: workflow, hash, definition, atMs: 7_000, triggers },
  });
}

export function triggersContract(adapter: string, open: OpenFixture): void {
  describe(`triggers contract: ${adapter}`, () => {
    test("T1 who has seen the newest revision writes, nobody else does", async () => {
      await using fixture = await open();
      const { triggers } = fixture.store;
      expect(await triggers.find(ALICE, KEY)).toBe(null);
      const save = (revision: number, change: Partial<TriggerSave> = {}) =>
        triggers.save(ALICE, { ...KEY, revision, to: to(), marks: [], ...change });
      expect(await save(1)).toBe(false);
      expect(await triggers.find(ALICE, KEY)).toBe(null);
      expect(await save(0)).toBe(true);
      const first = await triggers.find(ALICE, KEY);
      expect(first).toMatchObject({ ...KEY, ...to(), tenant: "alice", revision: 1 });
      const two = [save(1, { to: to({ state: '"a"' }) }), save(1, { to: to({ state: '"b"' }) })];
      expect((await Promise.all(two)).toSorted()).toEqual([false, true]);
      expect(await save(1, { to: null })).toBe(false);
      const paused = { by: "ann", reason: "stock-taking", atMs: 6_000 };
      fixture.advance(1_000);
      expect(await save(2, { to: to({ paused, dueAtMs: null }) })).toBe(true);
      const store = await fixture.reopen();
      const kept = await store.triggers.find(ALICE, KEY);
      expect(kept).toMatchObject({ revision: 3, paused, dueAtMs: null });
      expect(kept?.createdAtMs).toBe(first?.createdAtMs);
      expect(kept?.changedAtMs).toBe((first?.createdAtMs ?? 0) + 1_000);
      expect(await store.triggers.save(ALICE, { ...KEY, revision: 3, to: null, marks: [] })).toBe(
        true,
      );
      expect(await store.triggers.find(ALICE, KEY)).toBe(null);
    });

    test("T1 marks come with what they are about or not at all", async () => {
      await using fixture = await open();
      const { triggers } = fixture.store;
      const marks = [mark(1_000), mark(2_000, { kind: "skipped", runId: null, reason: "busy" })];
      expect(await triggers.save(ALICE, { ...KEY, revision: 4, to: to(), marks })).toBe(false);
      expect(await triggers.marks(ALICE, KEY, 10)).toEqual([]);
      await triggers.save(ALICE, { ...KEY, revision: 0, to: to(), marks });
      const missed = mark(3_000, { kind: "missed", untilMs: 9_000, runId: null });
      await triggers.save(ALICE, { ...KEY, revision: 1, to: to(), marks: [missed] });
      expect(await triggers.marks(ALICE, KEY, 10)).toEqual([missed, ...marks.toReversed()]);
      expect(await triggers.marks(ALICE, KEY, 1)).toEqual([missed]);
    });

    test("T2 a version brings its triggers: the same text stays, another is looked at", async () => {
      await using fixture = await open();
      const { store } = fixture;
      const other = text({ id: "weekly", spec: '{"every":"1w"}' });
      await version(store, [text(), other]);
      const first = await store.triggers.find(ALICE, KEY);
      expect(first).toMatchObject({ ...text(), source: "definition", revision: 1, paused: null });
      const paused = { by: "ann", reason: null, atMs: 1 };
      const at = { ...to({ source: "definition", state: '"later"', paused, dueAtMs: null }) };
      await store.triggers.save(ALICE, { ...KEY, revision: 1, to: at, marks: [] });
      await version(store, [text({ state: '"anew"' })]);
      expect(await store.triggers.find(ALICE, KEY)).toMatchObject({ state: '"later"', paused });
      expect(await store.triggers.find(ALICE, other)).toBe(null);
      const changed = text({ spec: '{"every":"2h"}', state: '"anew"' });
      await version(store, [changed]);
      expect(await store.triggers.find(ALICE, KEY)).toMatchObject({
        ...{ spec: changed.spec, state: '"later"', paused, dueAtMs: 7_000, revision: 3 },
      });
      const event = { kind: "event", lookup: "paid", state: "{}", dueAtMs: null } as const;
      await version(store, [text(event)]);
      expect(await store.triggers.find(ALICE, KEY)).toMatchObject({ ...event, revision: 4 });
      await version(store, []);
      expect(await store.triggers.find(ALICE, KEY)).toBe(null);
    });

    test("T2 the newest version again changes nothing, and one of the API stays", async () => {
      await using fixture = await open();
      const { store } = fixture;
      const own = { ...KEY, id: "own" };
      await store.triggers.save(ALICE, { ...own, revision: 0, to: to(), marks: [] });
      const workflow = { name: "orders", hash: "same", definition: "{}", atMs: 1 };
      await store.catalogue.save(ALICE, { ...workflow, triggers: [text()] });
      await store.catalogue.save(ALICE, { ...workflow, triggers: [] });
      const { items } = await store.triggers.list(ALICE, { limit: 10 });
      expect(items.map(({ id, source }) => [id, source])).toEqual([
        ["nightly", "definition"],
        ["own", "api"],
      ]);
    });

    test("T3 due: of all tenants, longest first, to the millisecond", async () => {
      await using fixture = await open();
      const { triggers } = fixture.store;
      expect(await triggers.nextDueAtMs()).toBe(null);
      const add = (id: string, dueAtMs: number | null, context = ALICE) =>
        triggers.save(context, {
          ...{ workflow: "orders", id, revision: 0, to: to({ dueAtMs }), marks: [] },
        });
      await add("b", 2_000);
      await add("a", 3_000);
      await add("never", null);
      await add("c", 1_000, BOB);
      expect(await triggers.nextDueAtMs()).toBe(1_000);
      expect(await triggers.due(999, 10)).toEqual([]);
      const due = async (nowMs: number, limit: number) =>
        (await triggers.due(nowMs, limit)).map(({ tenant, id }) => `${tenant}/${id}`);
      expect(await due(1_000, 10)).toEqual(["bob/c"]);
      expect(await due(9_000, 10)).toEqual(["bob/c", "alice/b", "alice/a"]);
      expect(await due(9_000, 2)).toEqual(["bob/c", "alice/b"]);
    });

    test("T4 the newest marks stay", async () => {
      await using fixture = await open();
      const { triggers } = fixture.store;
      const marks = Array.from({ length: MARKS_KEPT + 3 }, (_, at) => mark(at));
      await triggers.save(ALICE, { ...KEY, revision: 0, to: to(), marks });
      await triggers.save(ALICE, { ...KEY, revision: 1, to: to(), marks: [mark(7_000)] });
      const kept = await triggers.marks(ALICE, KEY, 1_000);
      expect(kept).toHaveLength(MARKS_KEPT);
      expect([kept[0]?.instantMs, kept.at(-1)?.instantMs]).toEqual([7_000, 4]);
    });

    test("T5 a webhook's address has one owner in a tenant, and events any number", async () => {
      await using fixture = await open();
      const { store } = fixture;
      const hook = { kind: "webhook", lookup: "POST orders", dueAtMs: null } as const;
      await version(store, [text({ ...hook, id: "hook" })]);
      const second = { workflow: "other", id: "hook", revision: 0, marks: [] };
      await expect(store.triggers.save(ALICE, { ...second, to: to(hook) })).rejects.toMatchObject({
        code: "action_refused",
      });
      await expect(
        version(store, [text({ ...hook, workflow: "other", id: "hook" })], "other"),
      ).rejects.toMatchObject({ code: "action_refused" });
      expect(await store.catalogue.find(ALICE, "other", null)).toBe(null);
      expect(await store.triggers.save(BOB, { ...second, to: to(hook) })).toBe(true);
      const event = { kind: "event", lookup: "paid", dueAtMs: null } as const;
      for (const id of ["x", "y"])
        await store.triggers.save(ALICE, {
          ...{ workflow: "orders", id, revision: 0, to: to(event), marks: [] },
        });
      const found = await store.triggers.matching(ALICE, "event", "paid");
      expect(found.map(({ id }) => id)).toEqual(["x", "y"]);
      expect(await store.triggers.matching(ALICE, "webhook", "paid")).toEqual([]);
      expect(await store.triggers.matching(ALICE, "schedule", "")).toEqual([]);
    });

    test("T6 tenants see their own; lists go on where a page ended", async () => {
      await using fixture = await open();
      const { triggers } = fixture.store;
      for (const [workflow, id] of [
        ["b", "one"],
        ["a", "two"],
        ["a", "one"],
      ] as const)
        await triggers.save(ALICE, { ...{ workflow, id, revision: 0, to: to(), marks: [] } });
      const page = await triggers.list(ALICE, { limit: 2 });
      expect(page.items.map(({ workflow, id }) => `${workflow}/${id}`)).toEqual(["a/one", "a/two"]);
      const rest = await triggers.list(ALICE, { limit: 2, cursor: page.cursor ?? "" });
      expect(rest.items.map(({ workflow, id }) => `${workflow}/${id}`)).toEqual(["b/one"]);
      expect(rest.cursor).toBe(null);
      expect((await triggers.list(ALICE, { limit: 9, workflow: "b" })).items).toHaveLength(1);
      expect((await triggers.list(ALICE, { limit: 9, kind: "event" })).items).toHaveLength(0);
      expect((await triggers.list(BOB, { limit: 9 })).items).toEqual([]);
      expect(await triggers.find(BOB, { workflow: "a", id: "one" })).toBe(null);
      await expect(triggers.list(ALICE, { limit: 2, cursor: "x" })).rejects.toMatchObject({
        code: "request_invalid",
      });
    });
  });
}
