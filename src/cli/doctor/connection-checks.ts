/** Whether the named connections have their secrets, and whether anybody listens where they lead. */
import { existsSync } from "node:fs";
import { connect } from "node:net";
import type { Connection } from "#nodes/connections/connection-schema.ts";
import { connectionSummary, socketOf } from "#nodes/connections/connection-summary.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Secrets } from "#ports/secrets.ts";
import type { Settings } from "../settings.ts";
import { type Finding, ok, warn } from "./finding.ts";

const CONNECT_MS_MAX = 2_000;

/** One finding for each connection; all are tried at the same time. */
export async function connectionFindings(
  { connections }: Settings,
  secrets: Secrets,
): Promise<readonly Finding[]> {
  const entries = Object.entries(connections);
  if (entries.length === 0) return [];
  const there = new Set(await secrets.list(LOCAL_CONTEXT.tenant));
  return await Promise.all(
    entries.map(([name, connection]) => findingOf(name, connection, secrets, there)),
  );
}

async function findingOf(
  name: string,
  connection: Connection,
  secrets: Secrets,
  there: ReadonlySet<string>,
): Promise<Finding> {
  const check = `connection ${name}`;
  const { address, secrets: named } = connectionSummary(name, connection);
  const [missing] = named.filter((secret) => !there.has(secret));
  if (missing !== undefined)
    return warn(
      check,
      `${address}: secret ${missing} is not found from here`,
      `Set ${secrets.places(LOCAL_CONTEXT.tenant, missing).join(", or ")}, where the server runs.`,
    );
  const socket = socketOf(connection);
  const reason =
    socket === null ? fileFault(connection) : await connectFault(socket.host, socket.port);
  if (reason === null) return ok(check, socket === null ? address : `${address}: somebody listens`);
  return warn(
    check,
    `${address}: ${reason}`,
    "Steps that use it will fail until that has changed.",
  );
}

function fileFault(connection: Connection): string | null {
  const isMissing = connection.kind === "sqlite" && !existsSync(connection.file);
  return isMissing ? "there is no such file yet" : null;
}

/** Why nobody answers there; null: a connection was made, and closed again. */
function connectFault(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_MS_MAX });
    const end = (fault: string | null) => {
      socket.destroy();
      resolve(fault);
    };
    socket.once("connect", () => end(null));
    socket.once("timeout", () => end(`no answer within ${CONNECT_MS_MAX / 1000} s`));
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
