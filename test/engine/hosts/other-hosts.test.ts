/** What this host tells others. */
import { expect, test } from "vitest";
import type { EngineCore } from "#engine/embedded/engine-core.ts";
import type { HostKeeper } from "#engine/hosts/host-keeper.ts";
import { OtherHosts } from "#engine/hosts/other-hosts.ts";
import { openHostsBench } from "./hosts-bench.ts";

test("that there are messages is told when the engine's own work is done, once for each host", async () => {
  await using bench = openHostsBench();
  const [a, b] = [await bench.join("a"), await bench.join("b", { takesRuns: false })];
  const told: string[] = [];
  b.host.onNotice((notice) => void told.push(notice));
  const deferred: (() => void)[] = [];
  const mine: string[] = [];
  const others = new OtherHosts({
    core: { defer: (work: () => void) => void deferred.push(work) } as unknown as EngineCore,
    keeper: {
      carry: () => void mine.push("messages"),
      claim: () => void mine.push("runs"),
    } as unknown as HostKeeper,
    hosts: a.host,
    clock: bench.clock,
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  });
  for (const owner of [b.host.host, b.host.host, a.host.host, null]) others.hasMessages(owner);
  await bench.clock.advanceBy(1_000);
  expect([told, mine, deferred.length]).toEqual([[], [], 1]);
  for (const work of deferred) work();
  await bench.clock.advanceBy(1_000);
  expect([told, mine]).toEqual([["messages"], ["messages", "runs"]]);
});
