/** The worker thread that reads long definitions; the types of the user's own are told to it by name. */
import { Worker } from "node:worker_threads";
import { LockstitchError } from "#errors/errors.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import { createRegistry } from "#nodes/registry.ts";
import { AnsweringThread } from "./answering-thread.ts";
import type { ForeignType, ReadRequest, ReadText } from "./definition-worker.ts";

const WORKER_URL = new URL("./definition-worker.ts", import.meta.url);

export interface DefinitionThread {
  /** `internal` when the thread failed. */
  read(text: string, format: "json" | "yaml"): Promise<ReadText>;
  close(): Promise<void>;
}

export function definitionThread(nodes: NodeRegistry): DefinitionThread {
  const thread = new AnsweringThread<ReadRequest, ReadText>(() => {
    const workerData = { foreign: foreignTypes(nodes) };
    return new Worker(WORKER_URL, { workerData, name: "lockstitch-definitions" });
  });
  return {
    read: (text, format) =>
      thread.ask({ text, format }).catch((error: Error) => {
        const message = `The definition could not be read: the thread that reads long ones failed (${error.message}). Send it again.`;
        throw new LockstitchError("internal", message);
      }),
    close: () => thread.close(),
  };
}

function foreignTypes(nodes: NodeRegistry): readonly ForeignType[] {
  const builtIn = new Set(createRegistry().names());
  return nodes
    .definitions()
    .filter(({ type }) => !builtIn.has(type))
    .map(({ type, title, description, category, execution, functionFields }) => ({
      ...{ type, title, description, category, execution, functionFields },
    }));
}
