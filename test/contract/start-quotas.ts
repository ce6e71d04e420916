/** The promises P1 to P4 of src/ports/start-quotas.ts, and usage of hosts that commit at once (Usage N2). */
import { describe, expect, test } from "vitest";
import type { StartDemand, StartLimits, StartQuotas } from "#ports/start-quotas.ts";
import type { HostStore, OpenHosts } from "./hosts.ts";
import { creation, turn } from "./store-fixture.ts";
import { used } from "./usage.ts";

const NONE: StartLimits = { openRuns: null, startsPerMinute: null };

function startsOf({ hosts }: HostStore): StartQuotas {
  if (hosts.starts === undefined) throw new Error("the adapter gives no places");
  return hosts.starts;
}

function demand(runId: string, limits: Partial<StartDemand>): StartDemand {
  const rest = { tenant: "alice", workflow: "report", ofTenant: NONE, ofWorkflow: NONE };
  return { ...rest, ...limits, runId };
}

const openRuns = (limit: number): StartLimits => ({ ...NONE, openRuns: limit });
const starts = (limit: number): StartLimits => ({ ...NONE, startsPerMinute: limit });

async function create({ journal, epoch }: HostStore, runId: string, workflow = "report") {
  const reserved = { isReserved: true } as const;
  const made = creation({ runId, epoch, workflow, rest: reserved });
  return (await journal.commit(`c ${runId}`, [made])).fenced;
}

export function startQuotasContract(adapter: string, open: OpenHosts): void {
  describe(`start quotas contract: ${adapter}`, () => {
    test("P1 runs and places together never exceed the limit, whoever asks at once", async () => {
      await using fixture = await open();
      const hosts = [await fixture.join("a"), await fixture.join("b"), await fixture.join("c")];
      const limits = { ofTenant: openRuns(10) };
      const asked = await Promise.all(
        Array.from({ length: 60 }, async (_, at) => {
          const host = hosts[at % 3] as HostStore;
          const [refusal = null] = await startsOf(host).reserve([demand(`r${at}`, limits)]);
          if (refusal === null) expect(await create(host, `r${at}`)).toEqual([]);
          return { host, runId: `r${at}`, refusal };
        }),
      );
      const given = asked.filter(({ refusal }) => refusal === null);
      expect(given).toHaveLength(10);
      const refused = { scope: "tenant", kind: "openRuns", used: 10, retryAfterMs: null };
      for (const { refusal } of asked) if (refusal !== null) expect(refusal).toEqual(refused);
      // A child needs no place, and counts.
      const [{ host, runId } = { host: hosts[0] as HostStore, runId: "" }] = given;
      await host.journal.commit("child", [creation({ runId: "child", epoch: host.epoch })]);
      const end = { status: "succeeded", seqs: [3, 3], rest: { endedAtMs: 1 } } as const;
      await host.journal.commit("end", [turn({ runId, epoch: host.epoch, ...end })]);
      const again = async (id: string) => (await startsOf(host).reserve([demand(id, limits)]))[0];
      expect(await again("x")).toEqual(refused);
      await host.journal.commit("end 2", [turn({ runId: "child", epoch: host.epoch, ...end })]);
      expect(await again("y")).toBeNull();
      expect(await again("z")).toEqual(refused);
    });

    test("P1 of a workflow beside those of others, and answers in the order of the demands", async () => {
      await using fixture = await open();
      const host = await fixture.join("a");
      const few = { ofWorkflow: openRuns(1) };
      const answers = await startsOf(host).reserve([
        demand("r1", few),
        demand("b1", { ...few, tenant: "bob" }),
        demand("r2", few),
        demand("o1", { ...few, workflow: "other" }),
        demand("a1", { ...few, tenant: "aaron" }),
      ]);
      expect(answers.map((answer) => answer?.scope ?? null)).toEqual([
        ...[null, null, "workflow", null, null],
      ]);
      expect(await create(host, "r1")).toEqual([]);
      expect((await startsOf(host).reserve([demand("r3", few)]))[0]).toMatchObject({
        ...{ kind: "openRuns", used: 1 },
      });
    });

    test("P2 starts in a minute, whether their runs have ended or not", async () => {
      await using fixture = await open();
      const host = await fixture.join("a");
      const other = await fixture.join("b");
      const few = { ofTenant: starts(2), ofWorkflow: starts(1) };
      const ask = async (of: HostStore, runId: string, workflow: string) =>
        (await startsOf(of).reserve([demand(runId, { ...few, workflow })]))[0];
      expect(await ask(host, "r1", "report")).toBeNull();
      expect(await create(host, "r1")).toEqual([]);
      const refusal = await ask(other, "r2", "report");
      expect(refusal).toMatchObject({ scope: "workflow", kind: "startsPerMinute", used: 1 });
      expect(refusal?.retryAfterMs).toBeGreaterThan(30_000);
      expect(refusal?.retryAfterMs).toBeLessThanOrEqual(60_000);
      expect(await ask(other, "r3", "second")).toBeNull();
      expect(await ask(host, "r4", "third")).toMatchObject({ scope: "tenant", used: 2 });
      // P4
      await startsOf(other).giveBack([{ tenant: "alice", runId: "r3" }]);
      await startsOf(other).giveBack([{ tenant: "alice", runId: "r1" }]);
      expect(await ask(host, "r5", "third")).toBeNull();
      expect(await ask(host, "r6", "fourth")).toMatchObject({ scope: "tenant" });
    });

    test("P3 a run whose place is gone is not created, and the rest of its group is", async () => {
      await using fixture = await open();
      const host = await fixture.join("a");
      const limits = { ofTenant: openRuns(5) };
      await startsOf(host).reserve([demand("r1", limits), demand("r2", limits)]);
      await startsOf(host).giveBack([{ tenant: "alice", runId: "r1" }]);
      const { epoch, journal } = host;
      const made = ["r1", "r2", "r3"].map((runId) =>
        creation({ runId, epoch, rest: runId === "r3" ? {} : { isReserved: true } }),
      );
      expect((await journal.commit("c", made)).fenced).toEqual(["alice/r1"]);
    });

    test("N2 hosts that count at once lose nothing of each other's", async () => {
      await using fixture = await open();
      const a = await fixture.join("a");
      const b = await fixture.join("b");
      const reader = await fixture.join("c");
      await Promise.all(
        [a, b].map(async (host, at) => {
          for (let round = 0; round < 20; round++) {
            const usage = used({ steps: 2, bytes: 3 });
            const rest = { usage };
            const made = creation({ runId: `r${at}-${round}`, epoch: host.epoch, rest });
            await host.journal.commit(`c${at}-${round}`, [made]);
          }
        }),
      );
      expect(await reader.usage?.read(0)).toMatchObject([{ steps: 80 }]);
      expect(await a.usage?.read(0)).toMatchObject([{ steps: 40 }]);
      expect(await a.usage?.stored()).toMatchObject([{ bytes: 120 }]);
    });
  });
}
