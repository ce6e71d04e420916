/** The promises R1 to R6 of src/ports/shared-rates.ts, for every adapter. */
import { describe, expect, test } from "vitest";
import type { RateReport, SharedRates } from "#ports/shared-rates.ts";
import { TOKEN_MS } from "#ports/shared-rates.ts";

export interface RatesFixture extends AsyncDisposable {
  /** One more host that counts in the same store. */
  join(): Promise<SharedRates>;
  /** Lets so much time pass by the store's clock, for all that is counted. */
  advance(byMs: number): Promise<void>;
}

/** Far more than a test takes; time passes by advance(). */
const HOUR_MS = 3_600_000;

const tokens = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at + 1}`);

export function ratesContract(adapter: string, open: () => Promise<RatesFixture>): void {
  describe(`shared rates contract: ${adapter}`, () => {
    const want = async (
      rates: SharedRates,
      wanted: readonly string[],
      { name = "r", limit = 3, perMs = HOUR_MS, reports = [] as readonly RateReport[] } = {},
    ) => {
      const [grant] = await rates.take([{ name, limit, perMs, wanted }], reports);
      return grant;
    };
    const report = (token: string, startedAgoMs: number | null, perMs = HOUR_MS): RateReport => ({
      ...{ name: "r", token, perMs, startedAgoMs },
    });

    test("R1 all hosts together take no more than the limit, the first wanted first", async () => {
      await using fixture = await open();
      const [a, b] = [await fixture.join(), await fixture.join()];
      expect(await want(a, tokens("a", 2))).toEqual({ granted: 2, retryAfterMs: null });
      const short = await want(b, tokens("b", 2));
      expect(short?.granted).toBe(1);
      expect(short?.retryAfterMs).toBeGreaterThan(HOUR_MS - 60_000);
      expect(short?.retryAfterMs).toBeLessThanOrEqual(HOUR_MS);
      expect((await want(a, tokens("c", 1)))?.granted).toBe(0);
      expect((await want(a, tokens("d", 1), { name: "other" }))?.granted).toBe(1);
      // The one that was granted is the first: it can be given back.
      expect((await want(a, tokens("e", 2), { reports: [report("b-1", null)] }))?.granted).toBe(1);
      expect((await want(a, tokens("f", 1), { reports: [report("b-2", null)] }))?.granted).toBe(0);
    });

    test("R1 a start counts from when it began, and no longer than its window", async () => {
      await using fixture = await open();
      const a = await fixture.join();
      await want(a, tokens("a", 3));
      const started = tokens("a", 3).map((token, at) => report(token, 1_000 * (2 - at)));
      expect((await want(a, ["b"], { reports: started }))?.granted).toBe(0);
      await fixture.advance(HOUR_MS - 60_000);
      const waits = await want(a, ["b"]);
      expect(waits?.granted).toBe(0);
      expect(waits?.retryAfterMs).toBeGreaterThan(0);
      expect(waits?.retryAfterMs).toBeLessThanOrEqual(58_001);
      await fixture.advance(60_000);
      expect((await want(a, tokens("c", 4)))?.granted).toBe(3);
    });

    test("R2 a token that nothing is heard of counts from TOKEN_MS after its grant", async () => {
      await using fixture = await open();
      const a = await fixture.join();
      await want(a, tokens("a", 3));
      await fixture.advance(HOUR_MS);
      // Those that hold it may start now.
      expect((await want(a, ["b"]))?.granted).toBe(0);
      await fixture.advance(TOKEN_MS);
      expect((await want(a, tokens("c", 4)))?.granted).toBe(3);
    });

    test("R3 limits and windows of one name share what is counted", async () => {
      await using fixture = await open();
      const a = await fixture.join();
      expect((await want(a, tokens("a", 3), { limit: 3 }))?.granted).toBe(3);
      const [low, high, both] = await a.take(
        [
          { name: "r", limit: 2, perMs: HOUR_MS, wanted: ["low"] },
          { name: "r", limit: 5, perMs: HOUR_MS, wanted: tokens("high", 1) },
          { name: "r", limit: 5, perMs: HOUR_MS, wanted: tokens("both", 2) },
        ],
        [],
      );
      expect([low?.granted, high?.granted, both?.granted]).toEqual([0, 1, 1]);
      // A longer window looks back on what a shorter one has let pass.
      await want(a, ["s-1"], { name: "r2", limit: 1, perMs: HOUR_MS });
      const said = [{ ...report("s-1", 0, 1_000), name: "r2" }];
      await want(a, [], { name: "r2", limit: 9, perMs: 1_000, reports: said });
      await fixture.advance(60_000);
      expect((await want(a, ["s-2"], { name: "r2", limit: 2, perMs: 1_000 }))?.granted).toBe(1);
      await want(a, [], {
        ...{ name: "r2", limit: 9, perMs: 1_000 },
        reports: [{ ...report("s-2", 0, 1_000), name: "r2" }],
      });
      await fixture.advance(60_000);
      expect((await want(a, ["l"], { name: "r2", limit: 2, perMs: HOUR_MS }))?.granted).toBe(0);
    });

    test("R4 what is given back counts no more; a start counts though its token is unknown", async () => {
      await using fixture = await open();
      const a = await fixture.join();
      await want(a, tokens("a", 3));
      const back = [report("a-1", null), report("a-2", null), report("never", null)];
      expect((await want(a, tokens("b", 3), { reports: back }))?.granted).toBe(2);
      const b = await fixture.join();
      const told = [{ ...report("from elsewhere", 5), name: "new" }];
      expect((await want(b, tokens("c", 3), { name: "new", reports: told }))?.granted).toBe(2);
      expect(await b.take([], [report("b-1", null)])).toEqual([]);
      expect((await want(b, ["d"]))?.granted).toBe(1);
      expect(await b.take([], [])).toEqual([]);
    });

    test("R5 the next start is forecast as if holders started now", async () => {
      await using fixture = await open();
      const a = await fixture.join();
      const all = await want(a, tokens("a", 5));
      expect(all).toEqual({ granted: 3, retryAfterMs: HOUR_MS });
      const told = [report("a-1", 600_000), report("a-2", 500_000), report("a-3", 400_000)];
      const next = await want(a, ["b"], { reports: told });
      expect(next?.granted).toBe(0);
      expect(next?.retryAfterMs).toBeGreaterThan(HOUR_MS - 660_000);
      expect(next?.retryAfterMs).toBeLessThanOrEqual(HOUR_MS - 600_000 + 2);
      // A lower limit waits for more of them.
      const lower = await want(a, ["c"], { limit: 1 });
      expect(lower?.retryAfterMs).toBeGreaterThan(HOUR_MS - 460_000);
      expect(lower?.retryAfterMs).toBeLessThanOrEqual(HOUR_MS - 400_000 + 2);
    });

    test("R1 hosts that ask at the same time, of many names, never take more together", async () => {
      await using fixture = await open();
      const hosts = [await fixture.join(), await fixture.join(), await fixture.join()];
      const names = Array.from({ length: 20 }, (_, at) => `n${at}`);
      const granted = new Map<string, number>();
      await Promise.all(
        hosts.flatMap((host, h) =>
          Array.from({ length: 6 }, async (_, call) => {
            const mine = (h + call) % 2 === 0 ? names : names.toReversed();
            const demands = mine.map((name) => ({
              ...{ name, limit: 7, perMs: HOUR_MS, wanted: tokens(`${h}.${call}`, 2) },
            }));
            for (const [at, grant] of (await host.take(demands, [])).entries()) {
              const name = mine[at] ?? "";
              granted.set(name, (granted.get(name) ?? 0) + grant.granted);
            }
          }),
        ),
      );
      expect([...granted.values()]).toEqual(names.map(() => 7));
    });
  });
}
