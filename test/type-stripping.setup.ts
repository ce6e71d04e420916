/**
 * Has Node strip the types of one file in the test's own thread. Worker threads load our sources with
 * Node's type stripping, which is WebAssembly: where only threads have it, its code goes and comes
 * with each of them, and V8 (of Node 18 to 24) now and then ends the process over that
 * (`Check failed: jit_page...`, https://github.com/nodejs/node/issues/64500). Held here, it stays.
 */
import { createRequire } from "node:module";

createRequire(import.meta.url)("../src/errors/is-missing.ts");
