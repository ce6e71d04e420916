/** Every migration in order: a new one is a new file and a new line here. */

import type { Migration } from "../../migration.ts";
import { initial } from "./0001-initial.ts";
import { commitIdsInTurns } from "./0002-commit-ids-in-turns.ts";
import { removal } from "./0003-removal.ts";
import { memos } from "./0004-memos.ts";
import { admission } from "./0005-admission.ts";
import { stepLogs } from "./0006-step-logs.ts";
import { quietBreakers } from "./0007-quiet-breakers.ts";
import { pinnedCheckpoints } from "./0008-pinned-checkpoints.ts";
import { sharedState } from "./0009-shared-state.ts";
import { sharedUsage } from "./0010-shared-usage.ts";
import { freshRuns } from "./0011-fresh-runs.ts";
import { triggers } from "./0012-triggers.ts";
import { memoBlobs } from "./0013-memo-blobs.ts";
import { usage } from "./0014-usage.ts";

export const MIGRATIONS: readonly Migration[] = [
  initial,
  commitIdsInTurns,
  removal,
  memos,
  admission,
  stepLogs,
  quietBreakers,
  pinnedCheckpoints,
  sharedState,
  sharedUsage,
  freshRuns,
  triggers,
  memoBlobs,
  usage,
];
