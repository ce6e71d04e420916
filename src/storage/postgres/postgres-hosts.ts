/**
 * The Hosts port on PostgreSQL. A host's number is the epoch of its opening; its lease is a row of
 * `hosts`, judged by the server's clock. Notices are NOTIFY on the host's channel; questions are rows
 * of `host_asks`, announced in the same way and looked for as well, since a notice may be lost.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { BeatAnswer, HostBeat, HostFacts, HostNotice, Hosts, OwnedRun } from "#ports/hosts.ts";
import type { AdmissionState, RunHead } from "#ports/journal.ts";
import type { StartQuotas } from "#ports/start-quotas.ts";
import { bigints, texts } from "./columns.ts";
import type { DatabaseAddress } from "./database-address.ts";
import { HostListener } from "./host-listener.ts";
import { PostgresRates } from "./postgres-rates.ts";
import { PostgresSlots } from "./postgres-slots.ts";
import { type RunRow, toOwnedHead } from "./run-row.ts";
import { ANSWER_ASK } from "./sql/answer-ask.ts";
import { ASK_HOST } from "./sql/ask-host.ts";
import { BEAT_HOST } from "./sql/beat-host.ts";
import { CLAIM_LAPSED_RUNS } from "./sql/claim-lapsed-runs.ts";
import { CLAIM_RUN } from "./sql/claim-run.ts";
import { CLAIM_UNOWNED_RUNS } from "./sql/claim-unowned-runs.ts";
import { DROP_ASK } from "./sql/drop-ask.ts";
import { DROP_COMMIT_MARK } from "./sql/drop-commit-mark.ts";
import { DROP_HOST_SHARES } from "./sql/drop-host-shares.ts";
import { FORGET_LAPSED_HOSTS } from "./sql/forget-lapsed-hosts.ts";
import { LIST_CLAIMED_RUNS } from "./sql/list-claimed-runs.ts";
import { LIST_HOSTS } from "./sql/list-hosts.ts";
import { LIST_LAPSED_HOSTS } from "./sql/list-lapsed-hosts.ts";
import { LIST_OPEN_BREAKERS } from "./sql/list-open-breakers.ts";
import { NOTIFY } from "./sql/notify.ts";
import { RELEASE_ALL_RUNS } from "./sql/release-all-runs.ts";
import { RELEASE_RUNS } from "./sql/release-runs.ts";
import { REMOVE_HOST } from "./sql/remove-host.ts";
import { TAKE_ANSWER } from "./sql/take-answer.ts";
import { TAKE_ASKS } from "./sql/take-asks.ts";
import { startQuotas } from "./start-places.ts";
import type { StoreParts } from "./store-parts.ts";

/** A question whose notice was lost is answered this much later. */
const LOOK_AGAIN_MS = 500;
/** What may have been said while nobody heard: everything that can be looked for. */
const LOOKS: readonly HostNotice[] = ["messages", "runs", "slots", "breakers"];
const NOTICES: readonly HostNotice[] = [...LOOKS, "rates"];

export interface HostOptions {
  /** As people know it. */
  readonly name: string;
  /** Greatest `minReader` of a run that it can read. */
  readonly reader: number;
  readonly leaseMs: number;
}

interface Asking {
  readonly resolve: (answer: string) => void;
  readonly reject: (error: unknown) => void;
}

export class PostgresHosts implements Hosts {
  readonly host: number;
  readonly leaseMs: number;
  readonly starts: StartQuotas;
  readonly rates: PostgresRates;
  readonly slots: PostgresSlots;
  readonly #parts: StoreParts;
  readonly #options: HostOptions;
  readonly #listener: HostListener;
  readonly #notices = new Set<(notice: HostNotice) => void>();
  readonly #asking = new Map<number, Asking>();
  #answer: ((question: string) => Promise<string>) | null = null;
  /** The monotonic instant until which nothing is claimed from lapsed hosts (H4). */
  #patientUntilMs = 0;
  #lastBeatMs: number | null = null;

  constructor(parts: StoreParts, address: DatabaseAddress, options: HostOptions) {
    this.#parts = parts;
    this.#options = options;
    this.host = parts.epoch;
    this.leaseMs = options.leaseMs;
    this.starts = startQuotas(parts.sessions);
    this.rates = new PostgresRates(parts.sessions);
    this.slots = new PostgresSlots(parts, {
      ...{ host: this.host, channelOf },
      patienceMs: () => this.#patienceMs(),
    });
    this.#listener = new HostListener({
      address,
      channel: channelOf(this.host),
      onMessage: (text) => this.#heard(text),
      onBack: () => this.#lookAgain(),
    });
  }

  async open(): Promise<void> {
    await this.#listener.open();
  }

  async close(): Promise<void> {
    for (const { reject } of this.#asking.values()) reject(noAnswer("this host stops"));
    this.#asking.clear();
    await this.#listener.close();
  }

  async beat({ address, openRuns, isDraining }: HostBeat): Promise<BeatAnswer> {
    const { sessions } = this.#parts;
    const { name, reader } = this.#options;
    const sentMs = performance.now();
    const values = [this.host, this.leaseMs, name, address, reader, isDraining, openRuns];
    const row = await sessions.get<{ wasLate: boolean; nowMs: number }>(
      "renewing the lease",
      BEAT_HOST,
      ...values,
    );
    // The store was away for longer than a lease: others may be as late as this host.
    if (this.#lastBeatMs !== null && sentMs - this.#lastBeatMs > this.leaseMs)
      this.#patientUntilMs = performance.now() + this.leaseMs;
    this.#lastBeatMs = sentMs;
    const hosts = await sessions.all<HostFacts>("listing hosts", LIST_HOSTS);
    void this.#takeAsks();
    return { nowMs: row?.nowMs ?? 0, wasLate: row?.wasLate ?? true, hosts };
  }

  async claim(limit: number): Promise<readonly RunHead[]> {
    const { sessions } = this.#parts;
    const mine = [this.host, limit, this.#options.reader];
    const free = await sessions.all<RunRow>("claiming runs", CLAIM_UNOWNED_RUNS, ...mine);
    if (free.length > 0) return this.#heads(free);
    if (performance.now() < this.#patientUntilMs) return [];
    const doing = "claiming runs of hosts that are gone";
    const lapsed = await sessions.all<{ host: number }>(doing, LIST_LAPSED_HOSTS, this.leaseMs);
    for (const { host } of lapsed) {
      const rows = await sessions.all<RunRow>(doing, CLAIM_LAPSED_RUNS, ...mine, host);
      if (rows.length > 0) return this.#heads(rows);
    }
    if (lapsed.length > 0) await sessions.change(doing, FORGET_LAPSED_HOSTS);
    return [];
  }

  async claimed(afterEpoch: number): Promise<readonly RunHead[]> {
    const { sessions } = this.#parts;
    const doing = "looking for claimed runs";
    return this.#heads(await sessions.all<RunRow>(doing, LIST_CLAIMED_RUNS, this.host, afterEpoch));
  }

  async claimRun(tenant: string, runId: string): Promise<RunHead | null> {
    const values = [this.host, tenant, this.#options.reader, runId, this.#patienceMs()];
    const row = await this.#parts.sessions.get<RunRow>("claiming a run", CLAIM_RUN, ...values);
    return row === undefined ? null : toOwnedHead(row);
  }

  async release(runs: readonly OwnedRun[]): Promise<void> {
    await this.#parts.sessions.change(
      "giving up runs",
      RELEASE_RUNS,
      this.host,
      texts(runs.map(({ tenant }) => tenant)),
      texts(runs.map(({ runId }) => runId)),
      bigints(runs.map(({ epoch }) => epoch)),
    );
  }

  async leave(): Promise<void> {
    await this.#parts.sessions.together("giving up the lease", [
      { sql: RELEASE_ALL_RUNS, values: [this.host] },
      { sql: DROP_HOST_SHARES, values: [this.host] },
      { sql: REMOVE_HOST, values: [this.host] },
      { sql: DROP_COMMIT_MARK, values: [this.host] },
    ]);
  }

  async openBreakers(atMs: number): Promise<AdmissionState["breakers"]> {
    const { sessions } = this.#parts;
    return await sessions.all("looking at breakers", LIST_OPEN_BREAKERS, atMs);
  }

  async tell(host: number, notice: HostNotice): Promise<void> {
    await this.#parts.sessions.change("telling a host", NOTIFY, channelOf(host), notice);
  }

  onNotice(listener: (notice: HostNotice) => void): () => void {
    this.#notices.add(listener);
    return () => this.#notices.delete(listener);
  }

  onAsk(answer: (question: string) => Promise<string>): void {
    this.#answer = answer;
    void this.#takeAsks();
  }

  async ask(host: number, question: string, timeoutMs: number): Promise<string> {
    const { sessions } = this.#parts;
    const row = await sessions.get<{ number: number }>(
      ...(["asking a host", ASK_HOST, host, this.host, question, channelOf(host)] as const),
    );
    const number = row?.number ?? 0;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#asking.set(number, { resolve, reject });
    const late = setTimeout(
      () => reject(noAnswer(`host ${host} has not answered within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const look = setInterval(() => void this.#takeAnswer(number), LOOK_AGAIN_MS);
    try {
      return await promise;
    } catch (error) {
      await sessions.change("asking a host", DROP_ASK, number);
      throw error;
    } finally {
      clearTimeout(late);
      clearInterval(look);
      this.#asking.delete(number);
    }
  }

  /** How long the server must have been up before a lease that has run out means anything (H4). */
  #patienceMs(): number {
    return performance.now() < this.#patientUntilMs ? Number.MAX_SAFE_INTEGER / 1e6 : this.leaseMs;
  }

  #heads(rows: readonly RunRow[]): readonly RunHead[] {
    return rows.toSorted((a, b) => a.number - b.number).map(toOwnedHead);
  }

  #heard(text: string): void {
    if (text === "ask") void this.#takeAsks();
    else if (text.startsWith("answer ")) void this.#takeAnswer(Number(text.slice(7)));
    else if (isNotice(text)) for (const listener of this.#notices) listener(text);
  }

  #lookAgain(): void {
    for (const notice of LOOKS) this.#heard(notice);
    void this.#takeAsks();
    for (const number of this.#asking.keys()) void this.#takeAnswer(number);
  }

  /** Never rejects: what is not taken now is found by the next look. */
  async #takeAsks(): Promise<void> {
    const answer = this.#answer;
    if (answer === null) return;
    type AskRow = { readonly number: number; readonly fromHost: number; readonly question: string };
    const { sessions, logger } = this.#parts;
    try {
      const asks = await sessions.all<AskRow>("answering hosts", TAKE_ASKS, this.host);
      await Promise.all(
        asks.map(async ({ number, fromHost, question }) => {
          const text = await answer(question);
          const values = [number, text, channelOf(fromHost)];
          await sessions.change("answering a host", ANSWER_ASK, ...values);
        }),
      );
    } catch (error) {
      logger?.error({ error: String(error) }, "another host was not answered");
    }
  }

  /** Never rejects, as #takeAsks(). */
  async #takeAnswer(number: number): Promise<void> {
    const asking = this.#asking.get(number);
    if (asking === undefined) return;
    try {
      const row = await this.#parts.sessions.get<{ answer: string }>(
        ...(["asking a host", TAKE_ANSWER, number] as const),
      );
      if (row !== undefined) asking.resolve(row.answer);
    } catch (error) {
      this.#parts.logger?.error({ error: String(error) }, "an answer could not be read");
    }
  }
}

function isNotice(text: string): text is HostNotice {
  return (NOTICES as readonly string[]).includes(text);
}

function channelOf(host: number): string {
  return `lockstitch_${host}`;
}

function noAnswer(why: string): LockstitchError {
  return new LockstitchError(
    "store_unavailable",
    `${why}: whether it was done is not known; look, then try again`,
  );
}
