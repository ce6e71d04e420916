/** Messages that a wave's turns send and consume (J4). */
import { ints, texts, utf8s } from "./columns.ts";
import { CONSUME_MESSAGES } from "./sql/consume-messages.ts";
import { SEND_MESSAGES } from "./sql/send-messages.ts";
import type { WaveArea } from "./wave.ts";

export const MESSAGES: WaveArea = {
  after({ turns, nowMs }) {
    const sent = turns.flatMap(({ position, turn }) =>
      turn.sends.map((message) => ({ position, ...message })),
    );
    const consumed = turns.flatMap(({ position, turn: { tenant, runId, consumes } }) =>
      consumes.map((id) => ({ position, tenant, id, runId })),
    );
    return [
      ...(sent.length === 0
        ? []
        : [
            {
              sql: SEND_MESSAGES,
              values: [
                ints(sent.map(({ position }) => position)),
                texts(sent.map(({ tenant }) => tenant)),
                texts(sent.map(({ id }) => id)),
                texts(sent.map(({ toRunId }) => toRunId)),
                texts(sent.map(({ kind }) => kind)),
                utf8s(sent.map(({ body }) => body)),
              ],
            },
          ]),
      ...(consumed.length === 0
        ? []
        : [
            {
              sql: CONSUME_MESSAGES,
              values: [
                ints(consumed.map(({ position }) => position)),
                texts(consumed.map(({ tenant }) => tenant)),
                texts(consumed.map(({ id }) => id)),
                texts(consumed.map(({ runId }) => runId)),
                nowMs,
              ],
            },
          ]),
    ];
  },
};
