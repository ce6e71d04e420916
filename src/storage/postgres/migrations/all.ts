/** Every migration in order: a new one is a new file and a new line here. */

import type { Migration } from "../../migration.ts";
import { initial } from "./0001-initial.ts";
import { hosts } from "./0002-hosts.ts";
import { triggers } from "./0003-triggers.ts";
import { quotas } from "./0004-quotas.ts";
import { rateTokens } from "./0005-rate-tokens.ts";
import { slots } from "./0006-slots.ts";

export const MIGRATIONS: readonly Migration[] = [
  initial,
  hosts,
  triggers,
  quotas,
  rateTokens,
  slots,
];
