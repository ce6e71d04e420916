/** What a scheduler grants where hosts count together: only what it was given, and it asks for more. */
import { expect, test } from "vitest";
import type { SlotClaim, SlotsGate } from "#engine/admission/claim.ts";
import type { GateShare } from "#engine/admission/outside-room.ts";
import { Scheduler } from "#engine/admission/scheduler.ts";
import { SlotMeter } from "#engine/admission/slot-meter.ts";
import { SimulatedClock } from "../../simulation/simulated-clock.ts";

const GATE: SlotsGate = { kind: "concurrency", name: "concurrency:k", key: "k", limit: 3 };

function claim(slot: string, gates: readonly SlotsGate[] = [GATE]): SlotClaim {
  return {
    ...{ slot, tenant: "t", runId: "run", path: slot, priority: 5, rank: 0, sinceMs: 0 },
    ...{ deadlineAtMs: null, gates },
  };
}

class Share implements GateShare {
  left = 0;
  found = 0;
  room = () => this.left;
  took(_claim: SlotClaim, isFound: boolean): void {
    if (isFound) this.found++;
    else this.left--;
  }
  gave(): void {
    this.left++;
  }
  written(): void {}
  isVoid = () => false;
}

function withShare() {
  const share = new Share();
  const asked: string[] = [];
  const granted: string[] = [];
  const onGrant = (grant: { readonly claim: SlotClaim }) => void granted.push(grant.claim.slot);
  const scheduler = new Scheduler({ clock: new SimulatedClock(0), bound: 100, onGrant });
  scheduler.outside = {
    made: (meter) => {
      if (meter instanceof SlotMeter && meter.name === GATE.name) meter.share = share;
    },
    short: ({ gate }) => void asked.push(gate.name),
  };
  return { scheduler, share, asked, granted, look: () => scheduler.look(scheduler.meterOf(GATE)) };
}

test("nothing is granted without a share; what is given is granted to those who wait, no more", () => {
  const { scheduler, share, asked, granted, look } = withShare();
  expect(scheduler.tryAdmit(claim("a"))).toBe(false);
  expect(asked).toEqual([]);
  for (const slot of ["a", "b", "c"]) scheduler.request(claim(slot));
  expect(new Set(asked)).toEqual(new Set([GATE.name]));
  expect(granted).toEqual([]);
  share.left = 2;
  look();
  expect(granted).toEqual(["a", "b"]);
  scheduler.release("a");
  expect(granted).toEqual(["a", "b", "c"]);
});

test("nobody is asked where the limit itself is used up here", () => {
  const { scheduler, share, asked } = withShare();
  share.left = 3;
  for (const slot of ["a", "b", "c"]) expect(scheduler.tryAdmit(claim(slot))).toBe(true);
  scheduler.request(claim("d"));
  expect(asked).toEqual([]);
});

test("a claim that another gate lets go on asks for room at the gate where it stands then", () => {
  const { scheduler, asked, granted } = withShare();
  const first: SlotsGate = { kind: "quarantine", name: "first", key: "first", limit: 1 };
  scheduler.hold(claim("alone", [first]));
  scheduler.request(claim("a", [first, GATE]));
  expect(asked).toEqual([]);
  scheduler.release("alone");
  expect(granted).toEqual([]);
  expect(asked).toContain(GATE.name);
});

test("what is held already, and was never granted here, is told apart", () => {
  const { scheduler, share } = withShare();
  scheduler.hold(claim("a"));
  expect([share.found, share.left]).toEqual([1, 0]);
  scheduler.hold(claim("a"));
  expect(share.found).toBe(1);
});
