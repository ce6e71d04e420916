/** Waits until an engine knows every run that it found unfinished, so that counts and lists are whole. */
import { setTimeout as delay } from "node:timers/promises";
import type { Engine } from "#engine/engine.ts";

const ASK_EVERY_MS = 20;
/** 10,000 open runs take less; whoever has more sees the lists fill up. */
const PATIENCE_MS = 10_000;

export async function untilRecovered(engine: Engine): Promise<void> {
  for (let waitedMs = 0; engine.stats().recovering && waitedMs < PATIENCE_MS; ) {
    await delay(ASK_EVERY_MS);
    waitedMs += ASK_EVERY_MS;
  }
}
