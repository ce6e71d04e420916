/**
 * Starts that several hosts count together: of each name at most `limit` in any window of `perMs`,
 * by the store's clock, on all of them. A host takes a *token* for each attempt that it is about to
 * start, says when that has begun, and gives back what it does not use.
 *
 * Promises (test/contract/shared-rates.ts):
 *   R1. A token counts from its grant until `perMs` after the start that was told for it. So in no
 *       window do more than `limit` begin, whatever the delay between grant and start, as long as
 *       that is below TOKEN_MS; with an older one nobody begins.
 *   R2. A token that nothing is heard of counts as started TOKEN_MS after its grant.
 *   R3. Limits and windows of one name may differ: all count the same starts, each is held to its own.
 *   R4. What is given back counts no more. A start that is told counts, also where the store does not
 *       know its token (another store granted it, or this one has lost it).
 *   R5. `retryAfterMs` is when the next start will be free if nobody else takes it and those who hold
 *       tokens start now; null: all that was wanted is granted.
 *   R6. While the store is away take() rejects with store_unavailable; whether the tokens were granted
 *       is not known then: name them as unused in the next call.
 *
 * Durations only: nobody's clock but the store's is compared with anything.
 */
export const TOKEN_MS = 10_000;

export interface RateDemand {
  /** Tenant included where it is a tenant's own. */
  readonly name: string;
  readonly limit: number;
  readonly perMs: number;
  /** Tokens to be granted, the first ones first: names that no host has used before. */
  readonly wanted: readonly string[];
}

/** What has become of tokens that were granted, or may have been. */
export interface RateReport {
  readonly name: string;
  readonly token: string;
  /** Of the demand that it was granted to. */
  readonly perMs: number;
  /** So long ago the attempt began; null: it never will. */
  readonly startedAgoMs: number | null;
}

export interface RateGrant {
  /** So many of `wanted`, from the first. */
  readonly granted: number;
  readonly retryAfterMs: number | null;
}

export interface SharedRates {
  /** All in one go, reports before demands; answers the demands in their order. At most 1,000 of each. */
  take(
    demands: readonly RateDemand[],
    reports: readonly RateReport[],
  ): Promise<readonly RateGrant[]>;
}
