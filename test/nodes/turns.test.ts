/** turns.ts: never more than so many, in order, and nobody is forgotten. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Turns } from "#nodes/turns.ts";

const never = new AbortController().signal;

it("hands a turn on to who has waited longest, and to nobody who comes later", async () => {
  const turns = new Turns(1);
  const order: string[] = [];
  const use = async (name: string) => {
    await turns.take(never);
    order.push(name);
    expect(turns.taken).toBe(1);
  };
  await use("first");
  const waiting = [use("second"), use("third")];
  turns.giveBack();
  // Between the turn that was given back and the one who waits for it.
  const late = use("late");
  await waiting[0];
  turns.giveBack();
  await waiting[1];
  turns.giveBack();
  await late;
  expect(order).toEqual(["first", "second", "third", "late"]);
  turns.giveBack();
  expect(turns.taken).toBe(0);
});

it("lets nobody wait for ever, and no more than the limit in, whoever gives up when", async () => {
  const step = fc.oneof(
    { arbitrary: fc.constant("come" as const), weight: 3 },
    { arbitrary: fc.constant("leave" as const), weight: 1 },
    { arbitrary: fc.record({ giveUp: fc.nat(20) }), weight: 2 },
    { arbitrary: fc.constant("breathe" as const), weight: 1 },
  );
  let gaveUp = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { minLength: 10, maxLength: 40, size: "max" }),
      async (max, steps) => {
        const turns = new Turns(max);
        const controllers: AbortController[] = [];
        const all: Promise<void>[] = [];
        let inside = 0;
        const leave = () => {
          inside -= 1;
          turns.giveBack();
        };
        for (const each of steps) {
          if (each === "come") {
            const controller = new AbortController();
            controllers.push(controller);
            const coming = turns.take(controller.signal).then(() => {
              inside += 1;
              expect(inside).toBeLessThanOrEqual(max);
            });
            all.push(
              coming.catch((error: unknown) => {
                gaveUp += 1;
                expect(error).toBe(controller.signal.reason);
              }),
            );
          } else if (each === "leave") {
            if (inside > 0) leave();
          } else if (each === "breathe") await new Promise(setImmediate);
          else controllers.at(-1 - (each.giveUp % Math.max(1, controllers.length)))?.abort();
        }
        for (;;) {
          await new Promise(setImmediate);
          if (inside === 0) break;
          leave();
        }
        await Promise.all(all);
        expect(turns.taken).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
  expect(gaveUp).toBeGreaterThan(20);
});

it("takes no turn for who has aborted already", async () => {
  const turns = new Turns(1);
  await expect(turns.take(AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
  expect(turns.taken).toBe(0);
});
