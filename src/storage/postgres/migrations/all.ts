/** Every migration in order: a new one is a new file and a new line here. */

import type { Migration } from "../../migration.ts";
import { initial } from "./0001-initial.ts";
import { asks } from "./0002-asks.ts";

export const MIGRATIONS: readonly Migration[] = [initial, asks];
