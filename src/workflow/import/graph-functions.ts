/**
 * The functions and methods of graph JSON's expressions and what each becomes in the expression
 * language. What stands under the same name there and means the same is not listed under methods.
 */

interface GraphFunction {
  /** Fewest and most arguments. */
  readonly count: readonly [number, number];
  /** Whether the arguments from the second on speak about one item of the first (`map`). */
  readonly perItem?: true;
  /** `parameters`: those of one item, where perItem. */
  write(args: readonly string[], parameters: string): string;
}

const MANY = Number.POSITIVE_INFINITY;

/** `f(list)` and `f(a, b, c)`: one list or several numbers. */
function overList(name: string): GraphFunction {
  return {
    count: [1, MANY],
    write: (args) => `${name}(${args.length === 1 ? args[0] : `[${args.join(", ")}]`})`,
  };
}

/** A function of one number that takes a list item by item. */
function eachNumber(write: (value: string) => string): GraphFunction {
  return {
    count: [1, 1],
    write: ([value = ""]) =>
      /^-?\d/.test(value)
        ? write(value)
        : `[${value}].map((v) => Array.isArray(v) ? v.map((n) => ${write("n")}) : ${write("v")})[0]`,
  };
}

function plain(
  count: readonly [number, number],
  write: (...args: string[]) => string,
): GraphFunction {
  return { count, write: (args) => write(...args) };
}

/** Half away from zero, as that format rounds. */
const rounded = (value: string): string => `(Math.sign(${value}) * Math.round(Math.abs(${value})))`;
/** Epoch milliseconds of a date: a day, an instant with its offset, or milliseconds. */
const instant = (value: string): string =>
  `[${value}].map((d) => typeof d == "number" ? d : parseDate(d, "UTC"))[0]`;
const part = (name: string): GraphFunction =>
  plain([1, 1], (date = "") => `dateParts(${instant(date)}, "UTC").${name}`);
const bracketed = (source: string): string =>
  /^[\w$.?[\]"]+$/.test(source) ? source : `(${source})`;

export const GRAPH_FUNCTIONS: ReadonlyMap<string, GraphFunction> = new Map<string, GraphFunction>([
  [
    "map",
    {
      count: [2, 2],
      perItem: true,
      write: ([list = "", item = ""], parameters) =>
        `${bracketed(list)}.map(${parameters} => ${item})`,
    },
  ],
  ["avg", overList("mean")],
  ["sum", overList("sum")],
  ["min", overList("min")],
  ["max", overList("max")],
  ["round", eachNumber(rounded)],
  ["floor", eachNumber((value) => `Math.floor(${value})`)],
  ["ceil", eachNumber((value) => `Math.ceil(${value})`)],
  ["abs", eachNumber((value) => `Math.abs(${value})`)],
  ["sqrt", eachNumber((value) => `Math.sqrt(${value})`)],
  ["pow", plain([2, 2], (base, exponent) => `Math.pow(${base}, ${exponent})`)],
  ["sort", plain([1, 1], (list) => `sortBy(${list}, (v) => v)`)],
  [
    "slice",
    {
      count: [2, 3],
      write: ([list = "", ...rest]) => `${bracketed(list)}.slice(${rest.join(", ")})`,
    },
  ],
  // Chosen by the run's id: another run chooses otherwise, a replay the same.
  [
    "sample",
    plain(
      [1, 2],
      (list, count = "1") =>
        `sortBy(${list}, (v) => sha256(run.id + JSON.stringify(v))).slice(0, ${count})`,
    ),
  ],
  ["unique", plain([1, 1], (list) => `unique(${list}, (v) => JSON.stringify(v))`)],
  ["zip", { count: [1, MANY], write: (lists) => `zip(${lists.join(", ")})` }],
  ["reverse", plain([1, 1], (list = "") => `${bracketed(list)}.toReversed()`)],
  ["flatten", plain([1, 1], (list = "") => `${bracketed(list)}.flat()`)],
  ["isNull", plain([1, 1], (value) => `((${value} ?? null) == null)`)],
  ["coalesce", { count: [1, MANY], write: (values) => `(${[...values, "null"].join(" ?? ")})` }],
  ["contains", plain([2, 2], (whole = "", one) => `${bracketed(whole)}.includes(${one})`)],
  ["now", plain([0, 0], () => "isoDate(run.now)")],
  ["parseDate", plain([1, 1], (text = "") => `isoDate(${instant(text)})`)],
  ["toEpoch", plain([1, 1], (date = "") => `Math.floor(${instant(date)} / 1000)`)],
  ["toEpochMillis", plain([1, 1], (date = "") => instant(date))],
  ["fromEpoch", plain([1, 1], (seconds) => `isoDate((${seconds}) * 1000)`)],
  ["fromEpochMillis", plain([1, 1], (millis) => `isoDate(${millis})`)],
  [
    "dateDiff",
    plain(
      [2, 3],
      (left = "", right = "", unit = '"days"') =>
        `timeBetween(${instant(left)}, ${instant(right)}, ${unit})`,
    ),
  ],
  [
    "dateAdd",
    plain(
      [2, 3],
      (date = "", amount, unit = '"days"') =>
        `isoDate(addTime(${instant(date)}, ${amount}, ${unit}))`,
    ),
  ],
  ["year", part("year")],
  ["month", part("month")],
  ["day", part("day")],
  ["hour", part("hour")],
  ["minute", part("minute")],
]);

/** Methods by name; `owner` ends with the dot. */
export const GRAPH_METHODS: ReadonlyMap<
  string,
  (owner: string, args: readonly string[]) => string
> = new Map([
  ["replace", (owner: string, args: readonly string[]) => `${owner}replaceAll(${args.join(", ")})`],
  ["reverse", (owner: string) => `${owner}toReversed()`],
  ["sort", (owner: string) => `${owner}toSorted()`],
  ["first", (owner: string) => `(${owner}at(0) ?? null)`],
  ["last", (owner: string) => `(${owner}at(-1) ?? null)`],
]);
