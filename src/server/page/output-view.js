/**
 * What steps of type view.output show with a run: tables, charts, JSON, text and images, in the order in
 * which the steps ended. Values are a workflow's and may come from anywhere: text stays text, nothing is
 * read as HTML, and an image is drawn only where it came with the value, as a picture format; one that lies
 * elsewhere is a link, so that looking at a run calls nobody.
 */
import { element } from "/assets/element.js";
import { markdownText } from "/assets/markdown-text.js";
import { drawChart, forgetCharts } from "/assets/output-chart.js";
import { get } from "/assets/server.js";

const VIEWS_SHOWN = 20;
const ROWS_SHOWN = 100;
const CHARACTERS_SHOWN = 100_000;
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/]+={0,2}$/;
const ADDRESS = /^https:\/\/[^\s"'<>\\`/?#@]+(?:[/?#][^\s"'<>\\`]*)?$/;

/** Draws the views of the run at `path` in `root` once they have changed; hides it where there are none. */
export async function updateViews(root, graph, path, page) {
  const nodes = graph.nodes.filter(({ uses, endedAt }) => uses === "view.output" && endedAt);
  const key = JSON.stringify(nodes.map(({ path: at, counts, endedAt }) => [at, counts, endedAt]));
  if (root.dataset.key === key) return;
  root.dataset.key = key;
  root.hidden = nodes.length === 0;
  if (root.hidden) return;
  try {
    const { steps } = await get(`${path}/state`);
    // A newer look may have come back before this one.
    if (root.dataset.key !== key) return;
    const views = steps.filter(
      ({ uses, output }) => uses === "view.output" && (isView(output) || isCut(output)),
    );
    views.sort((left, right) =>
      left.endedAt < right.endedAt ? -1 : left.endedAt > right.endedAt ? 1 : 0,
    );
    const whole = async (at) =>
      (await get(`${path}/steps/${encodeURIComponent(at)}/output`)).output;
    forgetCharts(root);
    root.hidden = views.length === 0;
    root.replaceChildren(
      element("h2", { id: "views-title" }, "Shown by the run"),
      ...views
        .slice(0, VIEWS_SHOWN)
        .map((view) => (isCut(view.output) ? cutFigure(view, whole, page) : figure(view))),
      ...more(views.length, VIEWS_SHOWN, "views"),
    );
  } catch (error) {
    delete root.dataset.key;
    page.fail(error);
  }
}

function isView(output) {
  return typeof output === "object" && output !== null && typeof output.as === "string";
}

/** A step's state says of a large output only that there is one. */
function isCut(output) {
  return typeof output === "object" && output !== null && typeof output.note === "string";
}

function more(count, shown, what) {
  if (count <= shown) return [];
  return [element("p", { class: "hint" }, `The first ${shown} of ${count} ${what}.`)];
}

/** Nobody waits for megabytes that they did not ask for. */
function cutFigure({ path, output }, whole, page) {
  const show = async () => {
    button.disabled = true;
    try {
      root.replaceWith(figure({ path, output: await whole(path) }));
    } catch (error) {
      button.disabled = false;
      page.fail(error);
    }
  };
  const button = element("button", { type: "button", onclick: show }, "Show it");
  const said = element("p", { class: "hint" }, `Not shown at once: ${output.note}.`);
  const caption = element("figcaption", {}, element("code", {}, path));
  const root = element("figure", { class: "view" }, caption, said, button);
  return root;
}

function figure({ path, output }) {
  return element(
    "figure",
    { class: `view view-${DRAWN[output.as] === undefined ? "json" : output.as}` },
    element(
      "figcaption",
      {},
      output.title === "" ? null : element("strong", {}, String(output.title)),
      element("code", {}, path),
    ),
    (DRAWN[output.as] ?? json)(output),
  );
}

const DRAWN = { table, chart, json, text, image };

function table({ value, columns }) {
  const rows = Array.isArray(value) ? value : [value];
  return element(
    "div",
    {},
    tableOf(
      columns.map(({ label }) => label),
      rows.slice(0, ROWS_SHOWN).map((row) => columns.map(({ field }) => cellOf(row, field))),
    ),
    ...more(rows.length, ROWS_SHOWN, "rows"),
  );
}

function tableOf(labels, rows) {
  const head = labels.map((label) => element("th", { scope: "col" }, label));
  const body = rows.map((cells) =>
    element(
      "tr",
      {},
      cells.map((value) =>
        element("td", { class: typeof value === "number" ? "number" : null }, cellText(value)),
      ),
    ),
  );
  return element(
    "div",
    { class: "table-box", tabindex: "0", role: "group", "aria-label": "Table" },
    element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, body)),
  );
}

/** The value that the names of `field` lead to; null: the row itself, where it has no fields. */
function cellOf(row, field) {
  if (field === null) return typeof row === "object" && row !== null ? undefined : row;
  let value = row;
  for (const name of field)
    value =
      typeof value === "object" && value !== null && Object.hasOwn(value, name)
        ? value[name]
        : undefined;
  return value;
}

function cellText(value) {
  if (value === undefined || value === null) return "";
  return (typeof value === "object" ? JSON.stringify(value) : String(value)).slice(0, 1_000);
}

function chart(output) {
  const { labels, series } = output;
  const names = series.map(({ label }) => label).join(", ");
  const rows = labels
    .slice(0, ROWS_SHOWN)
    .map((label, at) => [label, ...series.map(({ values }) => values[at])]);
  return element(
    "div",
    {},
    drawChart(output, `${output.chart} chart of ${names}, ${labels.length} points`),
    element(
      "details",
      {},
      element("summary", {}, "As a table"),
      tableOf(["", ...series.map(({ label }) => label)], rows),
      ...more(labels.length, ROWS_SHOWN, "points"),
    ),
  );
}

function json({ value }) {
  const whole = JSON.stringify(value, null, 2) ?? "null";
  return element("pre", { tabindex: "0" }, shortened(whole));
}

function text({ text: whole, markdown }) {
  if (markdown === true) return markdownText(shortened(whole));
  return element("p", { class: "plain" }, shortened(whole));
}

function shortened(whole) {
  return whole.length <= CHARACTERS_SHOWN ? whole : `${whole.slice(0, CHARACTERS_SHOWN)}…`;
}

function image({ value, alt }) {
  if (PICTURE.test(value)) return element("img", { src: value, alt });
  const words = alt === "" ? "an image" : alt;
  if (!ADDRESS.test(value)) return element("p", { class: "hint" }, `No picture: ${words}`);
  return element(
    "p",
    {},
    `${words}: `,
    element("a", { href: value, target: "_blank", rel: "noopener noreferrer" }, value),
  );
}
