/** EngineCare over HTTP. A backup is streamed into a file here and checked against its checksum. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { EngineCare } from "#engine/engine-care.ts";
import { LockstitchError } from "#errors/errors.ts";
import type { BackupFacts } from "#ports/upkeep.ts";
import type { Transport } from "./transport.ts";
import { QuotaListJson, quotaFromJson } from "./wire/quota.ts";
import {
  ArchivedJson,
  BackupFactsJson,
  CheckpointJson,
  CheckpointListJson,
  checkpointFromJson,
  HoldJson,
  holdFromJson,
} from "./wire/store.ts";

/** Carries the facts of a backup beside its bytes. */
export const BACKUP_HEADER = "x-lockstitch-backup";

export function careOverHttp(transport: Transport): EngineCare {
  const runPath = (runId: string) => `/runs/${encodeURIComponent(runId)}`;
  return {
    async checkpoint(_context, runId, request) {
      const path = `${runPath(runId)}/checkpoint`;
      const answer = await transport.request({ method: "POST", path, json: request });
      return checkpointFromJson(CheckpointJson.parse(answer.json));
    },
    async checkpoints(_context, runId) {
      const path = `${runPath(runId)}/checkpoints`;
      const { json } = await transport.request({ method: "GET", path });
      return CheckpointListJson.parse(json).items.map(checkpointFromJson);
    },
    async deleteRun(_context, runId, reason) {
      const query = reason === undefined ? "" : `?reason=${encodeURIComponent(reason)}`;
      // A repeat of a delete that was applied would answer run_not_found.
      const exchange = { method: "DELETE", path: runPath(runId) + query } as const;
      await transport.request({ ...exchange, isRepeatable: false });
    },
    async archiveRun(_context, runId) {
      const answer = await transport.request({
        method: "POST",
        path: `${runPath(runId)}/archive`,
      });
      const { file, bytes } = ArchivedJson.parse(answer.json);
      return { file, bytes };
    },
    backup: (_context, path) => download(transport, path),
    async quotas() {
      const { json } = await transport.request({ method: "GET", path: "/quotas" });
      return QuotaListJson.parse(json).items.map(quotaFromJson);
    },
    async hold() {
      const { json } = await transport.request({ method: "GET", path: "/store/hold" });
      return holdFromJson(HoldJson.parse(json));
    },
    async release() {
      await transport.request({ method: "POST", path: "/store/release" });
    },
  };
}

async function download(transport: Transport, path: string): Promise<BackupFacts> {
  if (existsSync(path))
    throw new LockstitchError("request_invalid", `${path} is there already: name another file`);
  const response = await transport.open({ method: "POST", path: "/store/backup" });
  const facts = BackupFactsJson.parse(JSON.parse(response.headers.get(BACKUP_HEADER) ?? "null"));
  const draft = `${path}.part`;
  const file = await open(draft, "w", 0o600);
  try {
    const digest = createHash("sha256");
    for await (const chunk of response.body ?? []) {
      digest.update(chunk);
      await file.writeFile(chunk);
    }
    if (digest.digest("hex") !== facts.sha256)
      throw new LockstitchError("store_unavailable", "The backup arrived incomplete; try again.");
    await file.sync();
    await rename(draft, path);
    const folder = await open(dirname(path), "r");
    await folder.sync().finally(() => folder.close());
    return facts;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}
