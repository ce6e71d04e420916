/** Blobs that the events of a commit refer to: noted with the turns, and held so that none is swept meanwhile. */
import { LockstitchError } from "#errors/errors.ts";
import { ints, texts } from "./columns.ts";
import { REFER_TO_BLOBS } from "./sql/refer-to-blobs.ts";
import type { WaveArea } from "./wave.ts";

export const blobArea: WaveArea = {
  after({ turns }) {
    const named = turns.flatMap(({ position, turn: { tenant, blobs = [] } }) =>
      blobs.map((hash) => ({ position, tenant, hash })),
    );
    if (named.length === 0) return [];
    const values = [
      ints(named.map(({ position }) => position)),
      texts(named.map(({ tenant }) => tenant)),
      texts(named.map(({ hash }) => hash)),
    ];
    return [{ sql: REFER_TO_BLOBS, values }];
  },

  refusal(reason, about) {
    if (reason !== "blob_missing") return null;
    const { runId, hash } = JSON.parse(about) as { readonly runId: string; readonly hash: string };
    return new LockstitchError(
      "store_unavailable",
      `run ${runId} refers to blob ${hash}, which is not there: the turn is decided again`,
      { details: { runId, hash } },
    );
  },
};
