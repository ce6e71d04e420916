/** Command lines against a server that owns the data directory, run in this process. */
import { runProgram } from "#cli/program.ts";
import { connectEngine } from "#client/engine-over-http.ts";
import { LockstitchClient } from "#client/lockstitch-client.ts";
import { LockstitchError } from "#errors/errors.ts";
import type { EmbeddedServer } from "../server/embedded-server.ts";
import { type Captured, capturedMachine } from "./captured-machine.ts";

export async function remote(
  server: EmbeddedServer,
): Promise<(...argv: string[]) => Promise<Captured>> {
  const baseUrl = await server.listen();
  const client = new LockstitchClient({ baseUrl });
  return async (...argv) => {
    const { machine, written } = capturedMachine({ cwd: server.dataDir });
    const code = await runProgram(
      {
        ...machine,
        hasStore: () => true,
        openHost: async () => {
          const details = { address: baseUrl };
          throw new LockstitchError("store_owned", "A server has it.", { details });
        },
        connect: () => connectEngine(client),
      },
      argv,
    );
    return { code, ...written() };
  };
}
