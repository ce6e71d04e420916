/** The built-in node types that act on the world and run as attempts. */
import { codeJavascript } from "./code/code-javascript.ts";
import type { NodeDefinition } from "./define-node.ts";
import { fileList } from "./file/file-list.ts";
import { fileRead } from "./file/file-read.ts";
import { fileWrite } from "./file/file-write.ts";
import { httpRequest } from "./http/request.ts";
import { signalSend } from "./signal-send.ts";

export const effectNodes: readonly NodeDefinition[] = [
  httpRequest,
  fileRead,
  fileWrite,
  fileList,
  codeJavascript,
  signalSend,
];
