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
import { stateAccumulator } from "./state/state-accumulator.ts";
import { stateCache } from "./state/state-cache.ts";
import { stateContext } from "./state/state-context.ts";
import { stateCounter } from "./state/state-counter.ts";
import { stateVariable } from "./state/state-variable.ts";
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
  stateVariable,
  stateCounter,
  stateAccumulator,
  stateCache,
  stateContext,
  streamCollect,
];
