/** Opens the embedded engine on a store. */
import type { Engine } from "../engine.ts";
import { EmbeddedEngine } from "./embedded-engine.ts";
import { EngineCore } from "./engine-core.ts";
import type { EngineOptions } from "./options.ts";
import { startSuccessor } from "./start-successor.ts";
import { startChild } from "./starts.ts";

export function newCore(options: EngineOptions): EngineCore {
  const core: EngineCore = new EngineCore(options, (context, send, mail) =>
    send.kind === "child_start"
      ? startChild(core, context, send, mail)
      : startSuccessor(core, context, send, mail),
  );
  return core;
}

/**
 * Serves calls when it resolves; runs that were open are loaded meanwhile (`stats().recovering`).
 * The store stays the caller's to close, after the engine.
 */
export async function openEmbeddedEngine(options: EngineOptions): Promise<Engine> {
  const core = newCore(options);
  const engine = new EmbeddedEngine(core);
  await core.prepare();
  // What a copy would do again may have been done by the store that it was copied from.
  if (await engine.care.open()) return engine;
  void core.recovery.run();
  engine.triggers.begin();
  return engine;
}
