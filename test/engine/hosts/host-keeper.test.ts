/** What a host does with runs that it takes and gives, on a simulated disk. */
import { expect, test } from "vitest";
import { context, driven, type Work, work, workflow } from "../engine-fixture.ts";
import { type BenchHost, type HostsBench, LEASE_MS, openHostsBench } from "./hosts-bench.ts";

const give: Work = async () => "given";

const napping = workflow("napping", {
  steps: [
    work("first", "give"),
    { id: "nap", uses: "wait.for", needs: ["first"], with: { duration: "${{ input }}s" } },
    work("last", "give", { needs: ["nap"] }),
  ],
});

async function started(
  { engine }: BenchHost,
  clock: Parameters<typeof driven>[0],
  id: string,
  input = 60,
) {
  await driven(clock, engine.start(context, { workflow: napping, id, input }));
}

test("runs of a claim whose answer was lost go on, whatever was claimed after it", async () => {
  await using bench = openHostsBench();
  const a = await bench.join("a", { work: { give } });
  await started(a, bench.clock, "r1");
  await started(a, bench.clock, "r2");
  const b = await bench.join("b", { work: { give } });
  const c = await bench.join("c", { work: { give }, takesRuns: false });
  await started(c, bench.clock, "later");
  await bench.until("a has done what it can", () => a.attempts.length === 2);
  a.host.isAlive = false;
  bench.owners.leave(a.host.host);
  b.losesAnswers = true;
  await bench.until("b has them", () => bench.ownerOf("r1") === b.host.host);
  // The answer of its next claim arrives, under a later epoch.
  b.losesAnswers = false;
  c.host.isAlive = false;
  bench.owners.leave(c.host.host);
  await driven(bench.clock, b.engine.pause(context, "later"));
  expect(bench.ownerOf("later")).toBe(b.host.host);
  for (const id of ["r1", "r2"]) {
    await bench.until(
      `${id} ends`,
      () => bench.disk.data.headOfKey(`default\n${id}`).status === "succeeded",
    );
    expect(bench.ownerOf(id)).toBe(null);
  }
});

test("a host that takes no runs finds the one that it was called for, though the answer was lost", async () => {
  await using bench = openHostsBench();
  const a = await bench.join("a", { work: { give } });
  await started(a, bench.clock, "r");
  await bench.until("a has done what it can", () => a.attempts.length === 1);
  const b = await bench.join("b", { work: { give }, takesRuns: false });
  a.host.isAlive = false;
  bench.owners.leave(a.host.host);
  b.losesAnswers = true;
  const called = driven(bench.clock, b.engine.pause(context, "r"));
  await expect(called).rejects.toMatchObject({ code: "store_unavailable" });
  expect(bench.ownerOf("r")).toBe(b.host.host);
  b.losesAnswers = false;
  await bench.until(
    "it ends",
    () => bench.disk.data.headOfKey("default\nr").status === "succeeded",
  );
});

/** Runs that `owner` drives, of those with these ids. */
const drivenBy = (bench: HostsBench, { host }: BenchHost, ids: readonly string[]) =>
  ids.filter((id) => bench.ownerOf(id) === host.host).length;

const named = (count: number) => Array.from({ length: count }, (_, at) => `r${at}`);

test("runs that rest are spread when a host joins", async () => {
  await using bench = openHostsBench();
  const a = await bench.join("a", { work: { give } });
  const ids = named(60);
  for (const id of ids) await started(a, bench.clock, id, 600);
  await bench.until("a has done what it can", () => a.attempts.length === 60);
  const b = await bench.join("b", { work: { give } });
  await bench.until("b has some", () => drivenBy(bench, b, ids) > 0);
  await bench.clock.advanceBy(2 * LEASE_MS);
  expect([drivenBy(bench, a, ids), drivenBy(bench, b, ids)]).toEqual([30, 30]);
  await bench.until("all end", () => drivenBy(bench, a, ids) + drivenBy(bench, b, ids) === 0);
  expect([a.attempts.length, b.attempts.length]).toEqual([90, 30]);
});

test("runs left to a host that has died in silence are not without one until its lease is over", async () => {
  await using bench = openHostsBench();
  const a = await bench.join("a", { work: { give } });
  const ids = named(260);
  for (const id of ids) await started(a, bench.clock, id, 600);
  await bench.until("a has done what it can", () => a.attempts.length === 260);
  const b = await bench.join("b", { work: { give } });
  b.host.isAlive = false;
  await bench.until("a leaves some to b", () => drivenBy(bench, a, ids) < 260);
  const since = new Map<string, number>();
  let longestMs = 0;
  await bench.until("a has them all", () => {
    const nowMs = bench.clock.monotonicMs();
    for (const id of ids)
      if (bench.ownerOf(id) !== null) since.delete(id);
      else longestMs = Math.max(longestMs, nowMs - (since.get(id) ?? nowMs));
    for (const id of ids) if (bench.ownerOf(id) === null && !since.has(id)) since.set(id, nowMs);
    return drivenBy(bench, a, ids) === 260;
  });
  expect(longestMs).toBeGreaterThan(0);
  expect(longestMs).toBeLessThan(LEASE_MS * 0.4);
});

test("runs that wait in line go to a host with nothing to do; what is under way stays", async () => {
  await using bench = openHostsBench();
  const slow: Work = () => new Promise((resolve) => void bench.clock.after(500, () => resolve(1)));
  const busy = workflow("busy", { steps: [work("slow", "slow")] });
  const one = { work: { slow }, limits: { attemptsMax: 1 } };
  const a = await bench.join("a", one);
  const { release } = a.host;
  // It is under way for as long as some attempts take: what is given up meanwhile must not begin here.
  a.host.release = async (runs) => {
    await new Promise<void>((resolve) => void bench.clock.after(3_000, resolve));
    await release(runs);
  };
  const ids = named(101);
  for (const id of ids) await driven(bench.clock, a.engine.start(context, { workflow: busy, id }));
  await bench.until("one is at work", () => a.attempts.length === 1);
  const b = await bench.join("b", one);
  await bench.until("b is at work", () => b.attempts.length === 1);
  expect(drivenBy(bench, b, ids)).toBeGreaterThan(40);
  await bench.until("all end", () => drivenBy(bench, a, ids) + drivenBy(bench, b, ids) === 0);
  // Nobody did what somebody else had begun.
  expect(new Set([...a.attempts, ...b.attempts].map(({ runId }) => runId)).size).toBe(101);
  expect(a.attempts.length + b.attempts.length).toBe(101);
});

test("runs that could not be given away go on where they are", async () => {
  await using bench = openHostsBench();
  const a = await bench.join("a", { work: { give }, limits: { attemptsMax: 1 } });
  const ids = named(60);
  a.host.release = async () => {
    throw new Error("not now");
  };
  const slow: Work = () =>
    new Promise((resolve) => void bench.clock.after(1_000, () => resolve(1)));
  const busy = workflow("busy", { steps: [work("slow", "slow")] });
  const c = await bench.join("c", { work: { slow }, limits: { attemptsMax: 1 }, takesRuns: false });
  c.host.release = a.host.release;
  for (const id of ids) await driven(bench.clock, c.engine.start(context, { workflow: busy, id }));
  const tried = "runs cannot be given to other hosts";
  await bench.until("it was tried", () => c.logs.some(({ message }) => message === tried));
  expect(c.logs.filter(({ message }) => message.includes("lease"))).toEqual([]);
  await bench.until("all end", () => drivenBy(bench, c, ids) === 0);
  expect(c.attempts.length).toBe(60);
});

test("a host that leaves says what went wrong: its runs wait, or only nobody was told", async () => {
  for (const failing of ["leave", "tell"] as const) {
    await using bench = openHostsBench();
    const a = await bench.join("a", { work: { give } });
    const b = await bench.join("b", { work: { give } });
    await started(a, bench.clock, "r");
    await bench.until("each knows of the other", () =>
      [a, b].every(({ engine }) => engine.stats().hosts?.withLease === 2),
    );
    a.host[failing] = async () => {
      throw new Error("not now");
    };
    await driven(bench.clock, a.engine.close(0));
    const said = a.logs.filter(({ fields }) => String(fields["error"]).includes("not now"));
    expect(said.map(({ level, message }) => [level, message])).toEqual(
      failing === "leave"
        ? [["warn", "the runs of this host wait until its lease has run out"]]
        : [["debug", "a host was not told of runs: it finds them"]],
    );
    a.host.isAlive = false;
    await bench.until("b has it", () => bench.ownerOf("r") === b.host.host);
  }
});

/** A step that takes a minute, and the outcome of its run after the store was away for so often. */
async function afterOutages(outages: number, awayMs: number) {
  await using bench = openHostsBench();
  const slow: Work = (_, signal) =>
    new Promise((resolve, reject) => {
      bench.clock.after(60_000, () => resolve("done"));
      signal.addEventListener("abort", () => reject(new Error("told to")));
    });
  const a = await bench.join("a", { work: { slow } });
  const definition = workflow("long", { steps: [work("slow", "slow")] });
  await driven(bench.clock, a.engine.start(context, { workflow: definition, id: "r" }));
  for (let outage = 1; outage <= outages; outage++) {
    await bench.until("it is under way", () => a.attempts.length === outage);
    await bench.away(a, awayMs);
  }
  const status = () => bench.disk.data.headOfKey("default\nr").status;
  await bench.until("it ends", () => status() !== "running");
  return { status: status(), attempts: a.attempts.length };
}

test("a step is not given up because the store was away again and again", async () => {
  const { status, attempts } = await afterOutages(4, 15_000);
  expect([status, attempts]).toEqual(["succeeded", 5]);
});
