/** Every scope kind by the step kind it serves. */
import type { ControlKind } from "#workflow/plan.ts";
import { ifKind, switchKind } from "./branch.ts";
import { forEachKind } from "./for-each.ts";
import type { ScopeKind } from "./kind.ts";
import { parallelKind } from "./parallel.ts";
import { sagaKind } from "./saga.ts";
import { tryKind } from "./try.ts";
import { whileKind } from "./while.ts";

export const SCOPE_KINDS: ReadonlyMap<string, ScopeKind> = new Map<ControlKind, ScopeKind>([
  ["if", ifKind],
  ["switch", switchKind],
  ["parallel", parallelKind],
  ["try", tryKind],
  ["saga", sagaKind],
  ["while", whileKind],
  ["for_each", forEachKind],
]);
