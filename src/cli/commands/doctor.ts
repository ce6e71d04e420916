/** `lockstitch doctor`: looks at everything a data directory stands on, and says what to do. */

import type { Command } from "commander";
import { LockstitchError } from "#errors/errors.ts";
import { visible } from "#errors/visible-text.ts";
import type { Cli } from "../command-action.ts";
import { connectionFindings } from "../doctor/connection-checks.ts";
import { databaseFindings } from "../doctor/database-checks.ts";
import { type Finding, fail, ok, warn } from "../doctor/finding.ts";
import {
  clockSanity,
  dataDirectory,
  freeSpace,
  nodeVersion,
  syncSpeed,
} from "../doctor/machine-checks.ts";
import { pluginFindings } from "../doctor/plugin-checks.ts";
import { redisFindings } from "../doctor/redis-checks.ts";
import { secretFinding } from "../doctor/secret-checks.ts";
import { storeFindings } from "../doctor/store-checks.ts";
import { EXIT } from "../exit-codes.ts";
import type { InspectedStore } from "../machine.ts";
import type { Session } from "../session.ts";
import type { Settings } from "../settings.ts";

export function addDoctorCommand(program: Command, cli: Cli): void {
  program
    .command("doctor")
    .description(
      "check Node, disk, store, open runs, connections, plugins and secrets, and say what to do; changes nothing",
    )
    .option("--deep", "compare every index, journal and checkpoint; takes as long as it takes")
    .action(
      cli.action<[], { deep?: boolean }>(async (session, _args, { deep }) => {
        const findings = await examine(session, deep === true);
        show(session, findings);
        const isWell = findings.every(({ status }) => status !== "fail");
        return isWell ? EXIT.ok.code : EXIT.unwell.code;
      }),
    );
}

async function examine(session: Session, isDeep: boolean): Promise<readonly Finding[]> {
  const { machine } = session;
  const findings: Finding[] = [nodeVersion(process.version)];
  let settings: Settings;
  try {
    settings = await session.settings();
  } catch (error) {
    return [
      ...findings,
      fail("configuration", messageOf(error), "Correct it; the rest was not looked at."),
    ];
  }
  findings.push(ok("configuration", "every setting can be used"));
  findings.push(dataDirectory(settings), await freeSpace(settings), syncSpeed(settings));
  findings.push(await server(session, settings));
  findings.push(...(await redisFindings(settings, machine)));
  findings.push(...(await connectionFindings(settings, machine.secrets(settings))));
  const plugins = await pluginFindings(session);
  findings.push(...plugins);
  // A plugin that is refused was told of; the store is looked at all the same, without its types.
  const isRefused = plugins.some(({ status }) => status === "fail");
  const known = isRefused ? { ...settings, plugins: [] } : settings;
  const nowMs = Date.now();
  let inspected: InspectedStore | null = null;
  try {
    inspected = await machine.inspect(settings);
    const newestAtMs = inspected?.kind === "file" ? inspected.facts.newestAtMs : null;
    findings.push(clockSanity(nowMs, newestAtMs));
    const kept = (await machine.ownerOf(settings))?.database ?? null;
    if (settings.database === null && kept !== null) findings.push(lookedElsewhere(kept));
    else if (inspected === null) findings.push(ok("store", "there is none yet"));
    else {
      const nodes = await machine.nodeTypes(known);
      const options = { nowMs, isDeep };
      findings.push(
        ...(inspected.kind === "file"
          ? await storeFindings(inspected, nodes, options)
          : await databaseFindings(inspected, nodes, options)),
      );
      if (inspected.store !== null)
        findings.push(await secretFinding(inspected.store, nodes, machine.secrets(settings)));
    }
  } catch (error) {
    findings.push(fail("store", messageOf(error), storeFix(settings, error)));
  } finally {
    await inspected?.close();
  }
  return findings;
}

/** Who runs the directory keeps its runs in a database, and this command knows of none. */
function lookedElsewhere(database: string): Finding {
  return warn(
    "store",
    `the server keeps its runs in ${database}, which was not looked at`,
    "Name it: --database or LOCKSTITCH_DATABASE_URL.",
  );
}

function storeFix({ database }: Settings, error: unknown): string {
  const code = error instanceof LockstitchError ? error.code : null;
  if (database !== null && code !== "store_corrupt")
    return "Correct the database's URL, its server or the rights of its user (docs/hosts.md).";
  const kept = database === null ? "this directory" : "the database";
  return `Restore a backup (docs/operations.md), and keep ${kept} for a look at it.`;
}

/** Who runs the directory, and whether it says that it is ready. */
async function server({ machine }: Session, settings: Settings): Promise<Finding> {
  const owner = await machine.ownerOf(settings);
  if (owner === null) return ok("server", "nobody runs this data directory");
  const { pid, address } = owner;
  const who = `process ${pid ?? "(unknown)"}`;
  if (address === null)
    return warn("server", `${who} runs it without an address`, "Commands wait for it to end.");
  try {
    const response = await fetch(`${address}/readyz`, { signal: AbortSignal.timeout(5_000) });
    const { parts = {} } = (await response.json()) as { parts?: Record<string, string> };
    const wrong = Object.entries(parts).filter(([, state]) => state !== "ok");
    if (wrong.length === 0) return ok("server", `${who} serves ${address} and is ready`);
    const what = wrong.map(([part, state]) => `${part}: ${state}`).join("; ");
    return warn(
      "server",
      `${who} serves ${address}; ${what}`,
      "It takes no new work until that has changed.",
    );
  } catch (error) {
    return fail(
      "server",
      `${who} does not answer at ${address} (${messageOf(error)})`,
      "Look at its log; a process that hangs can be killed, nothing is lost.",
    );
  }
}

function show({ output }: Session, findings: readonly Finding[]): void {
  if (output.isJson) return output.printJson({ findings });
  const { green, yellow, red, dim } = output.colors;
  const marks = { ok: green("ok  "), warn: yellow("warn"), fail: red("fail") };
  const width = Math.max(...findings.map(({ check }) => check.length));
  for (const { check, status, text, fix } of findings) {
    output.printText(`${marks[status]}  ${check.padEnd(width)}  ${visible(text)}`);
    if (fix !== null) output.printText(`${" ".repeat(width + 8)}${dim(visible(fix))}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof LockstitchError || error instanceof Error ? error.message : String(error);
}
