/**
 * A process that writes a checksum and is killed at the n-th change that it makes (see killAtChange).
 * Parameters: file, digest, n.
 */
import { killAtChange } from "../support/kill-at-change.ts";

const [file = "", sha256 = "", at = "0"] = process.argv.slice(2);
await killAtChange(Number(at));
const { writeChecksum } = await import("#cli/checksum-file.ts");
await writeChecksum(file, sha256);
