/**
 * Charts of view.output by Chart.js, which this server hands out itself and which is loaded with the
 * first chart. Colours are the page's own in both schemes, and follow when the scheme changes. What a
 * chart shows is told beside it as a table: the canvas itself says nothing to a screen reader.
 */
import { element } from "/assets/element.js";

const COLOURS = Array.from({ length: 8 }, (_, at) => `--chart-${at + 1}`);
/** Lines that have a colour for the second time are dashed. */
const DASHES = [[], [6, 4], [2, 3]];
const POINTS_DRAWN = 2_000;

/** Every chart on the page by its canvas: `{ output, drawn }`. */
const charts = new Map();
let library = null;

/** A box with the chart of a view; it is drawn as soon as the library is there. */
export function drawChart(output, label) {
  const canvas = element("canvas", { role: "img", "aria-label": label });
  charts.set(canvas, { output, drawn: null });
  library ??= import("/assets/chart.js").then(() => {
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => [...charts.keys()].forEach(redraw));
  });
  const box = element("div", { class: "chart-box" }, canvas);
  library.then(
    () => redraw(canvas),
    () => box.replaceChildren(element("p", { class: "hint" }, "The chart could not be loaded.")),
  );
  return box;
}

/** Lets go of the charts in `root`, which are about to be replaced. */
export function forgetCharts(root) {
  for (const [canvas, { drawn }] of charts) {
    if (canvas.isConnected && !root.contains(canvas)) continue;
    drawn?.destroy();
    charts.delete(canvas);
  }
}

function redraw(canvas) {
  const chart = charts.get(canvas);
  if (chart === undefined || !canvas.isConnected) return;
  chart.drawn?.destroy();
  chart.drawn = new globalThis.Chart(canvas, configOf(chart.output, canvas.parentElement));
}

/** A canvas knows no variables: what the page's colours are now, as `rgb(...)`. */
function coloursIn(box) {
  const probe = element("span", { hidden: true });
  box.append(probe);
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const shown = { text: colour("--text"), line: colour("--line"), palette: COLOURS.map(colour) };
  probe.remove();
  return shown;
}

function configOf({ chart, labels, series }, box) {
  const shown = coloursIn(box);
  const isPie = chart === "pie";
  const isScatter = chart === "scatter";
  const axis = {
    grid: { color: shown.line },
    border: { color: shown.line },
    ticks: { color: shown.text, maxTicksLimit: 12 },
  };
  const count = Math.min(labels.length, POINTS_DRAWN);
  return {
    type: chart === "area" ? "line" : chart,
    data: {
      labels: labels.slice(0, count),
      datasets: series.map((one, at) => datasetOf(one, at, { chart, labels, count, shown })),
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      scales: isPie
        ? {}
        : {
            x: isScatter ? { ...axis, type: "linear" } : axis,
            y: { ...axis, beginAtZero: chart !== "scatter" },
          },
      plugins: {
        legend: {
          display: isPie || series.length > 1,
          position: "bottom",
          labels: { color: shown.text, boxWidth: 14 },
        },
      },
    },
  };
}

function datasetOf({ label, values }, at, { chart, labels, count, shown }) {
  const { palette } = shown;
  const colour = palette[at % palette.length];
  const data = values.slice(0, count);
  if (chart === "pie")
    return {
      label,
      data,
      backgroundColor: data.map((_, slice) => palette[slice % palette.length]),
      borderColor: shown.line,
    };
  const isLine = chart === "line" || chart === "area";
  return {
    label,
    data:
      chart === "scatter"
        ? data.map((y, index) => ({
            x: typeof labels[index] === "number" ? labels[index] : index + 1,
            y,
          }))
        : data,
    borderColor: colour,
    backgroundColor: chart === "area" ? colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.25)") : colour,
    fill: chart === "area",
    borderWidth: isLine ? 2 : 0,
    borderDash: DASHES[Math.floor(at / palette.length) % DASHES.length],
    pointRadius: isLine ? (count > 60 ? 0 : 2) : 3,
    maxBarThickness: 60,
  };
}
