/**
 * What the processes and threads that tests start are given. Set here, inside the running worker, and
 * not in the runner's environment: the worker itself must not count twice.
 *
 *   1. With coverage, the folder for V8's counts.
 *   2. The cache of stripped and compiled code, which takes more than half of the processor time of a
 *      start away, and there are some two thousand. What V8 counts inside of functions stays exact with it;
 *      code outside of functions counts as one piece.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = process.env["LOCKSTITCH_PROCESS_COVERAGE"];
if (folder !== undefined) process.env["NODE_V8_COVERAGE"] = folder;
process.env["NODE_COMPILE_CACHE"] ??= join(tmpdir(), "node-compile-cache");
