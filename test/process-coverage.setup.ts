/**
 * Hands the folder for V8's counts to the processes that tests start. Set here, inside the running
 * worker, and not in the runner's environment: the worker itself must not count twice.
 */
const folder = process.env["LOCKSTITCH_PROCESS_COVERAGE"];
if (folder !== undefined) process.env["NODE_V8_COVERAGE"] = folder;
