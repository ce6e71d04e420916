/** Opens the embedded engine on a store. */
import type { Engine } from "../engine.ts";
import { EmbeddedEngine } from "./embedded-engine.ts";
import { EngineCore } from "./engine-core.ts";
import type { EngineOptions } from "./options.ts";
import { startChild } from "./starts.ts";

/**
 * Serves calls when it resolves; runs that were open are loaded meanwhile (`stats().recovering`).
 * The store stays the caller's to close, after the engine.
 */
export async function openEmbeddedEngine(options: EngineOptions): Promise<Engine> {
  const core: EngineCore = new EngineCore(options, (context, send, mail) =>
    startChild(core, context, send, mail),
  );
  await core.findOpenRuns();
  void core.recover();
  return new EmbeddedEngine(core);
}
