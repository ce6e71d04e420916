/** follow.ts: a reader that stands still while a run goes on misses nothing of it. */
import { expect, test } from "vitest";
import { context, driven, openBench, workflow } from "./engine-fixture.ts";

/** Around the number of turns that wait for a slow reader (64). */
test.each([63, 64, 65, 66, 67, 130])(
  "%i turns while the reader stands still, the last one ends the run",
  async (turns) => {
    await using bench = await openBench();
    const { clock, engine } = bench;
    const wait = (id: string) => ({ id, uses: "wait.signal", with: { name: "go" } });
    const steps = Array.from({ length: turns + 1 }, (_, at) => wait(`s${at}`));
    const { id } = await bench.run(workflow("many", { steps }));
    const signal = (at: number) =>
      driven(clock, engine.signal(context, id, { name: "go", id: `${at}` }));

    const aborted = new AbortController();
    const events = engine.follow(context, id, 0, aborted.signal)[Symbol.asyncIterator]();
    const seen: number[] = [];
    const next = async (): Promise<boolean> => {
      const { done, value } = await driven(clock, events.next());
      if (done !== true) seen.push(value.seq);
      return done !== true;
    };
    const head = async () => (await driven(clock, engine.get(context, id)))?.seq ?? 0;
    while (seen.length < (await head())) await next();
    // The reader is served live from now on, and has got the first event of a turn.
    const live = events.next();
    await clock.settle();
    await signal(0);
    seen.push((await driven(clock, live)).value?.seq ?? 0);
    for (let at = 1; at <= turns; at++) await signal(at);

    while (await next());
    expect((await driven(clock, engine.get(context, id)))?.status).toBe("succeeded");
    expect(seen).toEqual(Array.from({ length: await head() }, (_, at) => at + 1));
  },
);
