/** A quota as operators see it: what it limits, and what of it is used. */
import type { QuotaKind } from "./admission/quota-limits.ts";

export interface QuotaView {
  /** null: it is the tenant's; else of this workflow. */
  readonly workflow: string | null;
  readonly quota: QuotaKind;
  readonly limit: number;
  /**
   * On all hosts; `attempts`: those of the host that answers. null: nothing adds up (ceilings of one
   * call), or the store alone counts it (starts where several hosts share it).
   */
  readonly used: number | null;
  /** When a quota of an hour or a day that is used up has some left again; null: it is not used up. */
  readonly untilMs: number | null;
}
