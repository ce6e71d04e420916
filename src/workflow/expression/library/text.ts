/** Functions for texts that JavaScript does not have as methods; English and ASCII where a choice is made. */
import { charge, chargeItems, chargeScan, chargeText } from "../machine.ts";
import { describe, typeError, valueError } from "../value.ts";
import {
  type Args,
  type Native,
  numberArg,
  optionalNumber,
  optionalText,
  textArg,
} from "./library.ts";
import { patternOf } from "./pattern.ts";

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Functions for texts by name. */
export const TEXT_FUNCTIONS: ReadonlyMap<string, Native> = new Map<string, Native>([
  [
    "capitalize",
    (args) => {
      const text = textArg(args, 0, "capitalize");
      chargeText(text.length);
      return text.charAt(0).toUpperCase() + text.slice(1);
    },
  ],
  ["compare", (args) => compareValues(args[0], args[1])],
  [
    "escapeHtml",
    (args) => {
      const text = textArg(args, 0, "escapeHtml");
      chargeText(text.length * 6);
      return text.replace(/[&<>"']/g, (sign) => HTML_ENTITIES[sign] ?? sign);
    },
  ],
  ["formatNumber", formatNumber],
  ["lines", (args) => pieces(textArg(args, 0, "lines"), /\r\n|\n|\r/)],
  [
    "pattern",
    (args) => {
      const source = textArg(args, 0, "pattern");
      // The same whether the pattern is compiled or known already.
      charge(500 + source.length);
      return patternOf(source, optionalText(args, 1, "pattern") ?? "");
    },
  ],
  [
    "slug",
    (args) => {
      const text = textArg(args, 0, "slug");
      chargeText(text.length * 4);
      const plain = text
        .normalize("NFKD")
        .replace(/[\u0300-\u036f]/g, "")
        .toLowerCase();
      return plain
        .split(/[^a-z0-9]+/)
        .filter((word) => word !== "")
        .join("-");
    },
  ],
  ["truncate", truncate],
  [
    "words",
    (args) => pieces(textArg(args, 0, "words"), /[^\p{L}\p{N}]+/u).filter((word) => word !== ""),
  ],
]);

function pieces(text: string, separator: RegExp): string[] {
  chargeItems(text.length);
  return text.split(separator);
}

/** truncate(text, length, end = "…"): at most `length` characters, the end included. */
function truncate(args: Args): string {
  const text = textArg(args, 0, "truncate");
  const length = numberArg(args, 1, "truncate");
  const end = optionalText(args, 2, "truncate") ?? "…";
  chargeScan(text);
  if (text.length <= length) return text;
  return (text.slice(0, Math.max(0, length - end.length)) + end).slice(0, Math.max(0, length));
}

/** formatNumber(number, decimals = 0, thousands = ",", point = "."). */
function formatNumber(args: Args): string {
  const value = numberArg(args, 0, "formatNumber");
  const decimals = optionalNumber(args, 1, "formatNumber") ?? 0;
  const thousands = optionalText(args, 2, "formatNumber") ?? ",";
  const point = optionalText(args, 3, "formatNumber") ?? ".";
  if (!(decimals >= 0 && decimals <= 20))
    throw valueError("formatNumber() writes 0 to 20 decimals");
  if (!(Math.abs(value) < 1e21)) throw valueError(`formatNumber() cannot write ${value}`);
  chargeText(64 + 8 * thousands.length + point.length);
  const [whole = "", fraction] = Math.abs(value).toFixed(decimals).split(".");
  const groups: string[] = [];
  for (let end = whole.length; end > 0; end -= 3)
    groups.unshift(whole.slice(Math.max(0, end - 3), end));
  const text = groups.join(thousands) + (fraction === undefined ? "" : point + fraction);
  return value < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

/** Where a value stands in the order null < boolean < number < text; undefined comes last. */
function rankOf(value: unknown): number {
  if (value === null) return 0;
  if (typeof value === "boolean") return 1;
  if (typeof value === "number") return 2;
  if (typeof value === "string") return 3;
  if (value === undefined) return 4;
  throw typeError(`${describe(value)} has no place in an order: sort by one of its fields`);
}

/** -1, 0 or 1: null < boolean < number < text (by UTF-16 code units); NaN counts as the least number. */
export function compareValues(a: unknown, b: unknown): number {
  const difference = rankOf(a) - rankOf(b);
  if (difference !== 0) return Math.sign(difference);
  if (typeof a === "string" && typeof b === "string") {
    chargeScan(a.length < b.length ? a : b);
    return a < b ? -1 : Number(a > b);
  }
  const [first, second] = [Number(a), Number(b)];
  if (Number.isNaN(first) || Number.isNaN(second))
    return Number(Number.isNaN(second)) - Number(Number.isNaN(first));
  return first < second ? -1 : Number(first > second);
}
