/** The built-in pure node types. Loads without any Node API (test/nodes/pure-bundle.test.ts). */
import type { NodeDefinition } from "../define-node.ts";
import { dataChunk } from "./data-chunk.ts";
import { dataCompact } from "./data-compact.ts";
import { dataExtract } from "./data-extract.ts";
import { dataFilter } from "./data-filter.ts";
import { dataFind } from "./data-find.ts";
import { dataFlatMap } from "./data-flat-map.ts";
import { dataFlatten } from "./data-flatten.ts";
import { dataGroup } from "./data-group.ts";
import { dataJoin } from "./data-join.ts";
import { dataMap } from "./data-map.ts";
import { dataMerge } from "./data-merge.ts";
import { dataPartition } from "./data-partition.ts";
import { dataRange } from "./data-range.ts";
import { dataReduce } from "./data-reduce.ts";
import { dataReverse } from "./data-reverse.ts";
import { dataSample } from "./data-sample.ts";
import { dataSet } from "./data-set.ts";
import { dataSlice } from "./data-slice.ts";
import { dataSort } from "./data-sort.ts";
import { dataTransform } from "./data-transform.ts";
import { dataTranspose } from "./data-transpose.ts";
import { dataUnique } from "./data-unique.ts";
import { dataZip } from "./data-zip.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { format } from "./format.ts";
import { hash } from "./hash.ts";
import { noop } from "./noop.ts";
import { numberOperation } from "./number-operation.ts";
import { parse } from "./parse.ts";
import { template } from "./template.ts";
import { textOperation } from "./text-operation.ts";
import { validate } from "./validate.ts";
import { viewOutput } from "./view-output.ts";

export const pureNodes: readonly NodeDefinition[] = [
  noop,
  dataSet,
  dataMap,
  dataFilter,
  dataReduce,
  dataSort,
  dataGroup,
  dataJoin,
  dataChunk,
  dataCompact,
  dataExtract,
  dataFind,
  dataFlatMap,
  dataFlatten,
  dataMerge,
  dataPartition,
  dataRange,
  dataReverse,
  dataSample,
  dataSlice,
  dataTransform,
  dataTranspose,
  dataUnique,
  dataZip,
  template,
  parse,
  format,
  validate,
  hash,
  encode,
  decode,
  textOperation,
  numberOperation,
  viewOutput,
];
