/**
 * The plain part of Markdown as elements: headings, lists, code, quotes, bold, emphasis, links. What
 * it does not know stands there as it is written; HTML in it is text like any other.
 */
import { element } from "/assets/element.js";

/** Elements of `text`. */
export function markdownText(text) {
  const root = element("div", { class: "markdown" });
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; ) at += addBlock(root, lines, at);
  return root;
}

/** Adds the block that begins at line `at`, and gives the number of its lines. */
function addBlock(root, lines, at) {
  const line = lines[at];
  if (line.trim() === "") return 1;
  if (line.startsWith("```")) {
    const end = lines.findIndex((one, index) => index > at && one.startsWith("```"));
    const last = end === -1 ? lines.length : end;
    root.append(element("pre", { tabindex: "0" }, lines.slice(at + 1, last).join("\n")));
    return last - at + 1;
  }
  const heading = /^(#{1,6})\s+(.*)$/.exec(line);
  if (heading !== null) {
    const level = Math.min(6, heading[1].length + 2);
    root.append(element(`h${level}`, {}, inline(heading[2])));
    return 1;
  }
  for (const [tag, mark] of LISTS) {
    const count = countOf(lines, at, mark);
    if (count === 0) continue;
    const items = lines.slice(at, at + count).map((one) => one.replace(mark, ""));
    root.append(
      element(
        tag,
        {},
        items.map((item) => element("li", {}, inline(item))),
      ),
    );
    return count;
  }
  const quoted = countOf(lines, at, /^>\s?/);
  if (quoted > 0) {
    const said = lines.slice(at, at + quoted).map((one) => one.replace(/^>\s?/, ""));
    root.append(element("blockquote", {}, inline(said.join("\n"))));
    return quoted;
  }
  const count = Math.max(1, countOf(lines, at, PLAIN));
  root.append(element("p", {}, inline(lines.slice(at, at + count).join("\n"))));
  return count;
}

const LISTS = [
  ["ul", /^\s*[-*+]\s+/],
  ["ol", /^\s*\d{1,9}[.)]\s+/],
];
/** A line that goes on with a paragraph. */
const PLAIN = /^(?!\s*$|```|#{1,6}\s|\s*[-*+]\s|\s*\d{1,9}[.)]\s|>)/;

function countOf(lines, at, mark) {
  let count = 0;
  while (at + count < lines.length && mark.test(lines[at + count])) count += 1;
  return count;
}

const INLINE =
  /`([^`\n]+)`|\*\*([^*\n]+)\*\*|\*([^*\s][^*\n]*)\*|\[([^\]\n]*)\]\((https?:\/\/[^\s)"'<>\\`]+)\)/g;

function inline(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, code, strong, emphasis, words, href] = found;
    parts.push(text.slice(end, found.index));
    if (code !== undefined) parts.push(element("code", {}, code));
    else if (strong !== undefined) parts.push(element("strong", {}, strong));
    else if (emphasis !== undefined) parts.push(element("em", {}, emphasis));
    else parts.push(element("a", { href, target: "_blank", rel: "noopener noreferrer" }, words));
    end = found.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}
