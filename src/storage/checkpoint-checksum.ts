/** What a checkpoint is checked by when it is read: SHA-256 over its state's shape version and bytes. */
import { hash } from "node:crypto";

export function checkpointChecksum(stateVersion: number, state: Uint8Array): Buffer {
  const stateHash = hash("sha256", state);
  return hash("sha256", `${stateVersion}:${stateHash}`, "buffer");
}
