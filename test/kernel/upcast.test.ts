/** Events of older versions are read as those of today, and newer ones are refused. */
import { expect, test } from "vitest";
import { STATE_VERSION } from "#kernel/checkpoint.ts";
import { NewerEvent, UPCASTS, type Upcasts, upcast, versioned } from "#kernel/upcast.ts";
import { VALUE_FIELDS_OF } from "#kernel/value-fields.ts";

/** As if `signal.received` had changed twice: `text` became `payload`, then `by` came. */
const CHANGED: Upcasts = {
  "signal.received": [
    ({ text, textBlob, ...rest }) => ({
      ...rest,
      ...(textBlob === undefined ? { payload: text } : { payloadBlob: textBlob }),
    }),
    (old) => ({ by: "local", ...old }),
  ],
};

const plain = { type: "signal.received", id: "1", name: "go", key: null };
const today = { ...plain, payload: { n: 1 }, by: "local" };

test("golden: every version of an event reads as the one of today", () => {
  const first = { ...plain, text: { n: 1 } };
  const second = { ...plain, v: 2, payload: { n: 1 } };
  for (const old of [first, { ...first, v: 1 }, second, { ...today, v: 3 }])
    expect(upcast(old, CHANGED)).toEqual(today);
});

test("a field in the blob store changes its name with its event", () => {
  const link = { hash: "h", bytes: 70_000 };
  expect(upcast({ ...plain, textBlob: link }, CHANGED)).toEqual({
    ...{ ...plain, payloadBlob: link, by: "local" },
  });
});

test("unknown fields are kept", () => {
  expect(upcast({ ...plain, text: 1, later: [2] }, CHANGED)).toMatchObject({ later: [2] });
  const known = { type: "run.admitted", later: 1 };
  expect(upcast(known)).toBe(known);
});

test("a newer version, none at all, and an unknown type are refused by name", () => {
  expect(() => upcast({ ...today, v: 4 }, CHANGED)).toThrow(
    new NewerEvent(
      '"signal.received" is of version 4, and this version of Lockstitch reads up to 3',
    ),
  );
  for (const v of [0, -1, 1.5, "2", null])
    expect(() => upcast({ ...today, v }, CHANGED)).toThrow(NewerEvent);
  expect(() => upcast({ type: "run.admitted", v: 2 })).toThrow(/reads up to 1/);
  expect(() => upcast({ type: "run.dreamt" })).toThrow(/"run.dreamt" is an event that/);
  expect(() => upcast({ type: "toString" })).toThrow(NewerEvent);
});

test("what is written carries a version where its type has changed, and reads as what was made", () => {
  const made = [today, { type: "run.admitted" }];
  const stored = versioned(made, CHANGED);
  expect(stored).toEqual([{ ...today, v: 3 }, { type: "run.admitted" }]);
  expect(stored.map((event) => upcast(event, CHANGED))).toEqual(made);
  expect(versioned(made)).toBe(made);
});

test("only events that exist have versions", () => {
  for (const type of Object.keys(UPCASTS)) expect(VALUE_FIELDS_OF).toHaveProperty([type]);
});

test("whoever adds an upcast raises STATE_VERSION (V5), and both numbers here", () => {
  const upcasts = Object.values(UPCASTS).reduce((sum, entries) => sum + entries.length, 0);
  expect({ upcasts, STATE_VERSION }).toEqual({ upcasts: 0, STATE_VERSION: 4 });
});
