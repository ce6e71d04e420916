#!/usr/bin/env node
/*
 * The command that npm installs: runs the source in a checkout, dist/ as published. Plain old
 * JavaScript, so that require-node.js gets to speak on any version of Node.
 */
import "./require-node.js";
// biome-ignore lint/style/useNodejsImportProtocol: the versions that must reach the check do not know the prefix.
import { existsSync } from "fs";
// biome-ignore lint/style/useNodejsImportProtocol: the same.
import module from "module";
// biome-ignore lint/style/useNodejsImportProtocol: the same.
import { dirname } from "path";
// biome-ignore lint/style/useNodejsImportProtocol: the same.
import { setFlagsFromString } from "v8";

var source = new URL("../src/main.ts", import.meta.url);
var entry = existsSync(source) ? source : new URL("../dist/main.js", import.meta.url);
// Threads with WebAssembly come and go (sandboxes; type stripping where the source runs). V8 of Node 24
// may free the glue of their imports twice, which ends the process (`Check failed: jit_page...`,
// https://github.com/nodejs/node/issues/66366): it never frees it so. First, since the flags are part
// of what the cache of compiled code is kept under.
setFlagsFromString("--no-wasm-code-gc");
// Keeps compiled code between starts, which halves the time of a command.
// Threads look for it in the environment; without it each of them compiles all that it loads anew.
if (module.enableCompileCache !== undefined) {
  module.enableCompileCache();
  if (module.getCompileCacheDir() !== undefined) {
    process.env.NODE_COMPILE_CACHE = dirname(module.getCompileCacheDir());
  }
}
void import(entry.href);
