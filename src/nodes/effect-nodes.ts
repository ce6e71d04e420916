/** The built-in node types that act on the world and run as attempts. */
import { codeJavascript } from "./code/code-javascript.ts";
import type { NodeDefinition } from "./define-node.ts";
import { emailSend } from "./email/email-send.ts";
import { fileList } from "./file/file-list.ts";
import { fileRead } from "./file/file-read.ts";
import { fileWrite } from "./file/file-write.ts";
import { httpPaginate } from "./http/paginate.ts";
import { httpRequest } from "./http/request.ts";
import { redisCommand } from "./redis/redis-command.ts";
import { shellRun } from "./shell/shell-run.ts";
import { signalSend } from "./signal-send.ts";
import { sqlQuery } from "./sql/sql-query.ts";
import { streamCollect } from "./stream/stream-collect.ts";
import { webhookSend } from "./webhook/webhook-send.ts";

export const effectNodes: readonly NodeDefinition[] = [
  httpRequest,
  httpPaginate,
  webhookSend,
  fileRead,
  fileWrite,
  fileList,
  sqlQuery,
  redisCommand,
  emailSend,
  shellRun,
  codeJavascript,
  signalSend,
  streamCollect,
];
