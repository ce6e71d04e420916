/**
 * A directory of a test's own, gone when its scope ends: `await using directory = await
 * temporaryDirectory()`. Removal retries, because a process that was just killed may still hold
 * a file open for a moment.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes an empty directory under the system's own, or `under` another; `path` is absolute. */
export async function temporaryDirectory(
  under = tmpdir(),
): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(under, "lockstitch-test-"));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    },
  };
}
