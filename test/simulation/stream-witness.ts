/**
 * Loops through streams in a simulated world: who reads them there, and what watches their items.
 *
 *   I1. What a loop has stored of its stream are the items that it has, each once and in order.
 *   I2. An item opens after all are stored, and is handed what stands at its place in the stream.
 *   I3. A loop that ends well has opened all of them.
 */

import { NodeError } from "#errors/step-error.ts";
import type { EachControl } from "#kernel/scopes/control.ts";
import type { StreamReader } from "#nodes/stream/stream-items.ts";
import { batched, itemsOf, readFrom } from "../kernel/random-stream.ts";
import type { EntryOf, RunHistory } from "./run-history.ts";

export class StreamCounts {
  chunks = 0;
  /** Streams that were opened behind items that were stored, after a crash or a pause. */
  resumed = 0;
  failed = 0;
  items = 0;
}

export function simulatedStreams(world: {
  readonly isAlive: () => boolean;
  readonly pass: () => Promise<void>;
  readonly random: () => number;
  readonly counts: StreamCounts;
}): StreamReader {
  return {
    open({ stream, batch, position }) {
      let at = position;
      if (position !== null) world.counts.resumed++;
      return {
        async next() {
          await world.pass();
          if (!world.isAlive()) return new Promise<never>(() => {});
          const chunk = world.random() < 0.03 ? null : readFrom(stream, batch, at);
          if (chunk === null) throw new NodeError("file_failed", "the stream is broken");
          at = chunk.position;
          return chunk;
        },
        close: () => {},
      };
    },
  };
}

/** What is known of the loop at one path, in its attempt. */
interface Loop {
  readonly wanted: readonly unknown[];
  readonly chunks: Map<number, readonly unknown[]>;
  stored: number;
  isRead: boolean;
  opened: number;
}

/** I1 to I3 of a run. */
export function readStreams(
  history: RunHistory,
  counts: StreamCounts,
  violate: (what: string) => void,
): void {
  const loops = new Map<string, Loop>();
  for (const { event, seq } of history.entries)
    switch (event.type) {
      case "step.started":
        loops.delete(event.path);
        if (event.control?.["stream"] === true) loops.set(event.path, loopOf(event));
        break;
      case "step.items_stored": {
        const loop = loops.get(event.path);
        if (loop !== undefined)
          store(loop, { event, seq }, `${history.runId} ${event.path}`, violate);
        counts.chunks += loop === undefined ? 0 : 1;
        break;
      }
      case "scope.opened": {
        const loop = loops.get(event.owner ?? "");
        if (loop === undefined || event.index === undefined) break;
        loop.opened++;
        counts.items++;
        const given = handed(loop, event.locals ?? {});
        const isRight = JSON.stringify(given) === JSON.stringify(loop.wanted[event.index]);
        if (!loop.isRead || !isRight)
          violate(`I2 ${history.runId} ${event.path} was handed ${JSON.stringify(given)}`);
        break;
      }
      case "step.failed":
        counts.failed += loops.get(event.path)?.isRead === false ? 1 : 0;
        break;
      case "step.succeeded": {
        const loop = loops.get(event.path);
        if (loop === undefined || event.outputRef === undefined || !("each" in event.outputRef))
          break;
        if (loop.opened !== loop.wanted.length)
          violate(
            `I3 ${history.runId} ${event.path} has opened ${loop.opened} of ${loop.wanted.length}`,
          );
        break;
      }
    }
}

function loopOf({ control, input }: EntryOf<"step.started">["event"]): Loop {
  const { batch } = (control ?? {}) as {
    readonly batch?: NonNullable<EachControl["stream"]>["batch"];
  };
  const wanted = batched(itemsOf(input) ?? [], batch ?? null);
  return { wanted, chunks: new Map(), stored: 0, isRead: false, opened: 0 };
}

function store(
  loop: Loop,
  { event, seq }: Pick<EntryOf<"step.items_stored">, "event" | "seq">,
  where: string,
  violate: (what: string) => void,
): void {
  const values = event.values as readonly unknown[];
  const wanted = loop.wanted.slice(loop.stored, loop.stored + values.length);
  if (event.from !== loop.stored || JSON.stringify(values) !== JSON.stringify(wanted))
    violate(`I1 ${where} has stored ${JSON.stringify(values).slice(0, 200)} at ${event.from}`);
  loop.chunks.set(seq, values);
  loop.stored += values.length;
  loop.isRead = event.isLast === true;
  if (loop.isRead && loop.stored !== loop.wanted.length)
    violate(`I1 ${where} has ${loop.stored} of ${loop.wanted.length} items`);
}

function handed(loop: Loop, locals: EntryOf<"scope.opened">["event"]["locals"] & {}): unknown {
  for (const [name, ref] of Object.entries(locals))
    if (name !== "index" && "at" in ref) return loop.chunks.get(ref.at)?.[ref.i ?? -1];
  return undefined;
}
