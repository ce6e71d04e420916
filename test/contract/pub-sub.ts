/** The promises P1 to P4 of src/ports/pub-sub.ts, for every adapter. */
import { describe, expect, test } from "vitest";
import type { Heard, PubSub, Subscription } from "#ports/pub-sub.ts";

export interface PubSubFixture extends AsyncDisposable {
  join(): Promise<PubSub>;
  /** Cuts every connection; it resolves when the subscriptions listen again. */
  cut(): Promise<void>;
}

/** The next `count` that it hears. */
async function hear(subscription: Subscription, count: number): Promise<readonly Heard[]> {
  const heard: Heard[] = [];
  for await (const one of subscription) {
    heard.push(one);
    if (heard.length === count) break;
  }
  return heard;
}

const message = (channel: string, text: string): Heard => ({ kind: "message", channel, text });

export function pubSubContract(adapter: string, open: () => Promise<PubSubFixture>): void {
  describe(`pub-sub contract: ${adapter}`, () => {
    test("P1 each subscription of the channel, or of a prefix, hears it once and in order", async () => {
      await using fixture = await open();
      const [a, b] = [await fixture.join(), await fixture.join()];
      const own = await a.subscribe({ channel: "x*/1" }, 10);
      const both = await a.subscribe({ prefix: "x*/" }, 10);
      const twin = await b.subscribe({ channel: "x*/1" }, 10);
      const other = await b.subscribe({ prefix: "xy/" }, 10);
      for (const text of ["1", "2"]) expect(await b.publish("x*/1", text)).toBe(true);
      expect(await b.publish("x*/2", "3")).toBe(true);
      expect(await a.publish("xy/1", "é\n")).toBe(true);
      const [one, two] = [message("x*/1", "1"), message("x*/1", "2")];
      expect(await hear(own, 2)).toEqual([one, two]);
      expect(await hear(twin, 2)).toEqual([one, two]);
      expect(await hear(both, 3)).toEqual([one, two, message("x*/2", "3")]);
      expect(await hear(other, 1)).toEqual([message("xy/1", "é\n")]);
    });

    test("P2 it is said whether anybody listens", async () => {
      await using fixture = await open();
      const [a, b] = [await fixture.join(), await fixture.join()];
      expect(await a.publish("c", "nobody")).toBe(false);
      const first = await b.subscribe({ channel: "c" }, 10);
      const second = await b.subscribe({ channel: "c" }, 10);
      await first.close();
      await first.close();
      expect(await a.publish("c", "one")).toBe(true);
      expect(await hear(second, 1)).toEqual([message("c", "one")]);
      await second.close();
      expect(await a.publish("c", "nobody")).toBe(false);
      expect(await hear(first, 1)).toEqual([]);
    });

    test("P3 a subscriber is told when it may have missed something, and goes on", async () => {
      await using fixture = await open();
      const [a, b] = [await fixture.join(), await fixture.join()];
      const listening = await b.subscribe({ prefix: "c" }, 10);
      await fixture.cut();
      expect(await hear(listening, 1)).toEqual([{ kind: "gap", dropped: null }]);
      expect(await a.publish("c", "after")).toBe(true);
      expect(await hear(listening, 1)).toEqual([message("c", "after")]);
    });

    test("P4 of what waits for a slow subscriber the oldest go, and it is told how many", async () => {
      await using fixture = await open();
      const a = await fixture.join();
      const slow = await a.subscribe({ channel: "c" }, 3);
      const quick = await a.subscribe({ channel: "c" }, 100);
      for (let number = 1; number <= 8; number++) await a.publish("c", `${number}`);
      expect(await hear(quick, 8)).toHaveLength(8);
      const newest = ["6", "7", "8"].map((text) => message("c", text));
      expect(await hear(slow, 4)).toEqual([{ kind: "gap", dropped: 5 }, ...newest]);
    });
  });
}
