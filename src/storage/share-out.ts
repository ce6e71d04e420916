/**
 * Who has how many slots of a gate after one host has called (SharedSlots.settle): plain arithmetic,
 * the same for every store that hosts share. The store sees to it that calls of one gate follow each
 * other, and that hosts which are gone are left out.
 *
 *   O1. Nothing is given where that makes more than the limit of the claim that it is given for; what
 *       hosts use and what runs hold counts whatever the limit says.
 *   O2. As in the lines of one host (fair-queue.ts): of claims on live hosts that have one priority of
 *       their own the host goes next whose turn was longest ago, however long others' have waited; of
 *       those of several priorities the one with the greatest effective one, at equal again by turns.
 *   O3. A host has its turn when it is given a slot, and when it begins to wait: who leaves and comes
 *       again stands behind the others.
 *   O4. Of claims behind the first of their kind the store knows only that they wait: they count
 *       without any ageing until their host says since when. So a host that does not listen is given
 *       little that others would use.
 *   O5. A claim that finds no room by its own limit lets others pass, until it has waited a whole
 *       ageing period: then whoever stands behind it waits with it. Claims of runs let pass always,
 *       since a run may wait for another that it has started.
 *   O6. Nobody keeps more than it uses while others wait.
 *   O7. What a host was given by others' calls is its own when it calls for it, as far as it wants it
 *       still: it has had its turn. Else hosts would pass a slot on for ever that none has heard of.
 *   O8. A claim that was given a slot by a low limit may start although others have been given more since:
 *       `cap` is what counts beside the host's own slots, at most, for the claims that it was given any for.
 */
import type { SlotDemand, WaitingClaims } from "#ports/shared-slots.ts";

/** As WaitingClaims; `sinceMs` null: not known. */
export interface Waiting extends Omit<WaitingClaims, "sinceMs"> {
  readonly sinceMs: number | null;
}

/** What a host has of a gate. */
export interface HostShare {
  readonly host: number;
  readonly held: number;
  readonly waiting: readonly Waiting[];
  /** Grows with every turn that a host has at the gate. */
  readonly turn: number;
  /** It was given slots by another's call and has not called since. */
  readonly isGiven: boolean;
  /** It knows, or was told, that others wait. */
  readonly isTold: boolean;
  /** O8, of what it was given by others' calls since it called; null: nothing. */
  readonly cap: number | null;
}

export interface ShareCall {
  readonly host: number;
  readonly demand: SlotDemand;
  /** Of all hosts that are not gone; the caller's too, where it has one. */
  readonly shares: readonly HostShare[];
  /** Of these and the caller, those without a lease: what they have counts, and they are given none. */
  readonly lapsed: ReadonlySet<number>;
  /** Slots that open runs hold. */
  readonly ofRuns: number;
  /** Hosts that drive those runs. */
  readonly drivers: readonly number[];
  readonly nowMs: number;
  readonly ageingMs: number;
}

export interface ShareAnswer {
  readonly held: number;
  readonly elsewhere: number;
  readonly besides: number;
  readonly waitingElsewhere: number;
  /** Claims of the caller that wait on. */
  readonly short: number;
  /** Shares that are new or other than before. */
  readonly changed: readonly HostShare[];
  /** Hosts that had a share and have nothing of the gate any more. */
  readonly dropped: readonly number[];
  /** Hosts that are to be told. */
  readonly tell: readonly number[];
}

interface Party {
  readonly host: number;
  readonly before: HostShare | null;
  readonly isCaller: boolean;
  readonly isLive: boolean;
  held: number;
  turn: number;
  cap: number | null;
  readonly waiting: { limit: number; priority: number; sinceMs: number | null; count: number }[];
}

/** One kind of claim of one host. */
interface Candidate {
  readonly party: Party;
  readonly claims: Party["waiting"][number];
  readonly effective: number;
}

export function shareOut(call: ShareCall): ShareAnswer {
  const { host, demand, ofRuns } = call;
  const parties = partiesOf(call);
  const me = parties.find(({ isCaller }) => isCaller) as Party;
  let total = ofRuns;
  for (const { held } of parties) total += held;
  total = keepGiven(me, total, call);
  total = giveTurns(parties, total, call);
  const waitingElsewhere = waitingAt(parties, host);
  if (me.isLive && waitingElsewhere === 0) {
    const kept = Math.max(0, Math.min(demand.spare, demand.limit - total));
    me.held += kept;
    total += kept;
  }
  const short = me.isLive ? countOf(me.waiting) : 0;
  const elsewhere = total - me.held;
  const besides = Math.max(0, Math.min(elsewhere, me.cap ?? elsewhere));
  return {
    ...{ held: me.held, elsewhere, besides, waitingElsewhere, short },
    ...changes(parties, call),
  };
}

function partiesOf({ host, demand, shares, lapsed }: ShareCall): readonly Party[] {
  const parties = shares
    .filter((share) => share.host !== host)
    .map((share): Party => {
      const { held, turn, cap, waiting } = share;
      const isLive = !lapsed.has(share.host);
      return {
        ...{ host: share.host, before: share, isCaller: false, isLive, held, turn, cap },
        waiting: waiting.map((claims) => ({ ...claims })),
      };
    });
  const before = shares.find((share) => share.host === host) ?? null;
  const waiting = demand.waiting.filter(({ count }) => count > 0);
  const begins = waiting.length > 0 && before?.waiting.length === 0;
  parties.push({
    ...{ host, before, isCaller: true, isLive: !lapsed.has(host), held: demand.inUse },
    cap: before?.cap ?? null,
    turn: before === null || begins ? newestTurn(shares) + 1 : before.turn,
    waiting: waiting.map((claims) => ({ ...claims })),
  });
  return parties;
}

/** O7. */
function keepGiven(me: Party, taken: number, call: ShareCall): number {
  let total = taken;
  if (me.before?.isGiven !== true) return total;
  while (me.held < me.before.held) {
    // There was room for it when it was given.
    const next = nextOf(candidatesOf([me], call), Number.NEGATIVE_INFINITY, call);
    if (next === null) break;
    total++;
    me.held++;
    next.claims.count--;
    next.claims.sinceMs = null;
  }
  return total;
}

/** O2: gives what is free, claim by claim; answers how many slots are taken then. */
function giveTurns(parties: readonly Party[], taken: number, call: ShareCall): number {
  let total = taken;
  let turn = newestTurn(parties);
  for (;;) {
    const candidates = candidatesOf(parties, call);
    const next = nextOf(candidates, total, call);
    if (next === null) return total;
    const { party, claims } = next;
    // Where nobody else waits there is no order to keep.
    const given = candidates.length === 1 ? Math.min(claims.count, claims.limit - total) : 1;
    total += given;
    party.held += given;
    party.turn = ++turn;
    party.cap = Math.min(party.cap ?? Number.POSITIVE_INFINITY, claims.limit - party.held);
    claims.count -= given;
    claims.sinceMs = null;
  }
}

function candidatesOf(parties: readonly Party[], call: ShareCall): readonly Candidate[] {
  const candidates: Candidate[] = [];
  for (const party of parties) {
    if (!party.isLive) continue;
    for (const claims of party.waiting)
      if (claims.count > 0)
        candidates.push({ party, claims, effective: effectiveOf(claims, call) });
  }
  return candidates;
}

function effectiveOf({ priority, sinceMs }: Waiting, { nowMs, ageingMs }: ShareCall): number {
  return priority + (sinceMs === null ? 0 : Math.max(0, Math.floor((nowMs - sinceMs) / ageingMs)));
}

/** Whoever goes next and finds room; null: nobody does, or who stands first holds the others back (O5). */
function nextOf(
  candidates: readonly Candidate[],
  total: number,
  { demand, nowMs, ageingMs }: ShareCall,
): Candidate | null {
  const firsts = new Map<number, Candidate>();
  for (const candidate of candidates) {
    const { limit, sinceMs, priority } = candidate.claims;
    const holdsBack = !demand.isOfRuns && sinceMs !== null && nowMs - sinceMs >= ageingMs;
    if (total >= limit && !holdsBack) continue;
    const first = firsts.get(priority);
    if (first === undefined || hasTurnBefore(candidate, first)) firsts.set(priority, candidate);
  }
  let next: Candidate | null = null;
  for (const first of firsts.values()) if (next === null || goesBefore(first, next)) next = first;
  return next !== null && total < next.claims.limit ? next : null;
}

/** Of two whose own priorities differ. */
function goesBefore(a: Candidate, b: Candidate): boolean {
  return a.effective > b.effective || (a.effective === b.effective && hasTurnBefore(a, b));
}

function hasTurnBefore(a: Candidate, b: Candidate): boolean {
  if (a.party.turn !== b.party.turn) return a.party.turn < b.party.turn;
  return (
    (a.claims.sinceMs ?? Number.POSITIVE_INFINITY) < (b.claims.sinceMs ?? Number.POSITIVE_INFINITY)
  );
}

function countOf(waiting: Party["waiting"]): number {
  let count = 0;
  for (const claims of waiting) count += claims.count;
  return count;
}

/** Claims that wait at live hosts other than `host`. */
function waitingAt(parties: readonly Party[], host: number): number {
  let waiting = 0;
  for (const party of parties)
    if (party.isLive && party.host !== host) waiting += countOf(party.waiting);
  return waiting;
}

/** What is to be written, and who is to be told. */
function changes(
  parties: readonly Party[],
  { host, drivers }: ShareCall,
): Pick<ShareAnswer, "changed" | "dropped" | "tell"> {
  const driving = new Set(drivers);
  const changed: HostShare[] = [];
  const dropped: number[] = [];
  const tell: number[] = [];
  for (const party of withDrivers(parties, driving, host)) {
    const { before, isCaller } = party;
    const after = shareAfter(party, parties, driving);
    if (after === null) {
      if (before !== null) dropped.push(party.host);
      continue;
    }
    if (before !== null && isSame(before, after)) continue;
    changed.push(after);
    const isGivenMore = after.held > (before?.held ?? 0);
    const isWantedNow = after.isTold && before?.isTold !== true;
    if (!isCaller && (isGivenMore || isWantedNow)) tell.push(party.host);
  }
  return { changed, dropped, tell };
}

/** Also hosts that have no share but drive runs which hold slots: they are told when others wait. */
function withDrivers(
  parties: readonly Party[],
  driving: ReadonlySet<number>,
  caller: number,
): readonly Party[] {
  const known = new Set([caller, ...parties.map((party) => party.host)]);
  const turn = newestTurn(parties) + 1;
  const others = [...driving].filter((host) => !known.has(host));
  return [
    ...parties,
    ...others.map(
      (host): Party => ({
        ...{
          host,
          before: null,
          isCaller: false,
          isLive: true,
          held: 0,
          turn,
          cap: null,
          waiting: [],
        },
      }),
    ),
  ];
}

/** null: the host has nothing of the gate. */
function shareAfter(
  party: Party,
  parties: readonly Party[],
  driving: ReadonlySet<number>,
): HostShare | null {
  const { host, before, held, turn, isCaller } = party;
  const waiting = party.waiting.filter(({ count }) => count > 0);
  const isTold = (held > 0 || driving.has(host)) && waitingAt(parties, host) > 0;
  if (held === 0 && waiting.length === 0 && !isTold) return null;
  const isGiven = !isCaller && (before?.isGiven === true || held > (before?.held ?? 0));
  return { host, held, waiting, turn, isGiven, isTold, cap: isGiven ? party.cap : null };
}

function isSame(before: HostShare, after: HostShare): boolean {
  return (
    before.held === after.held &&
    before.turn === after.turn &&
    before.isGiven === after.isGiven &&
    before.isTold === after.isTold &&
    before.cap === after.cap &&
    before.waiting.length === after.waiting.length &&
    before.waiting.every((claims, at) => isSameClaims(claims, after.waiting[at]))
  );
}

function isSameClaims(a: Waiting, b: Waiting | undefined): boolean {
  return (
    a.limit === b?.limit &&
    a.priority === b.priority &&
    a.sinceMs === b.sinceMs &&
    a.count === b.count
  );
}

function newestTurn(shares: readonly { readonly turn: number }[]): number {
  return shares.reduce((newest, { turn }) => Math.max(newest, turn), 0);
}
