/** The built-in pure node types. Loads without any Node API (test/nodes/pure-bundle.test.ts). */
import type { NodeDefinition } from "../define-node.ts";
import { dataFilter } from "./data-filter.ts";
import { dataGroup } from "./data-group.ts";
import { dataJoin } from "./data-join.ts";
import { dataMap } from "./data-map.ts";
import { dataReduce } from "./data-reduce.ts";
import { dataSet } from "./data-set.ts";
import { dataSort } from "./data-sort.ts";
import { format } from "./format.ts";
import { noop } from "./noop.ts";
import { parse } from "./parse.ts";
import { template } from "./template.ts";
import { validate } from "./validate.ts";

export const pureNodes: readonly NodeDefinition[] = [
  noop,
  dataSet,
  dataMap,
  dataFilter,
  dataReduce,
  dataSort,
  dataGroup,
  dataJoin,
  template,
  parse,
  format,
  validate,
];
