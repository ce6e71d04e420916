/**
 * The Archive port as a folder: `<tenant>/<run id>.jsonl.gz`. A file is written under another name,
 * fsynced, renamed, and its folder fsynced: what bears the name is whole.
 */
import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Archive } from "#ports/archive.ts";
import type { CallContext } from "#ports/call-context.ts";

export function fileArchive(directory: string): Archive {
  return {
    async save({ tenant }: CallContext, runId, lines) {
      // Ids hold no slash; a tenant's name is not ours to trust.
      const folder = join(directory, encodeURIComponent(tenant).replaceAll(".", "%2E"));
      const file = join(folder, `${runId}.jsonl.gz`);
      // Another host that shares the folder may be at the same run.
      const draft = `${file}.${randomUUID()}.part`;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const handle = await open(draft, "w", 0o600);
      try {
        await pipeline(withBreaks(lines), createGzip(), async (chunks: AsyncIterable<Buffer>) => {
          for await (const chunk of chunks) await handle.writeFile(chunk);
        });
        await handle.sync();
        const { size } = await handle.stat();
        await rename(draft, file);
        await syncFolder(folder);
        await syncFolder(dirname(folder));
        return { file, bytes: size };
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      } finally {
        await handle.close();
      }
    },
  };
}

async function* withBreaks(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
