/**
 * Draws a run's graph as SVG and keeps it up to date. The picture is built once for a shape;
 * afterwards only classes and texts change, so focus and scroll stay where they are.
 */
import { element, setAttribute, setText, svgElement } from "/assets/element.js";
import { layoutGraph } from "/assets/graph-layout.js";
import { nodeLine, nodeShortLine, signOf } from "/assets/status.js";

const MARGIN = 4;
/** Of .graph in graph.css. */
const PADDING = 12;
const NAME_CHARACTERS_MAX = 19;
/** Characters of a name with its node type beside it. */
const NAME_AND_USES_MAX = 15;
const LINE_CHARACTERS_MAX = 23;
/** Text stays legible: a graph that would be smaller is laid out in columns, then scrolled. */
const SCALE_MIN = 0.74;
/** Changes of the page's width smaller than this do not draw again. */
const WIDTH_STEP = 40;

/** A view with `node`, `update(graph, selectedPath)`. `onSelect(path)` hears of a chosen step. */
export function graphView(onSelect) {
  const root = element("div", { class: "graph", role: "group", "aria-label": "Steps of the run" });
  let shape = "";
  let parts = new Map();
  return {
    node: root,
    update(graph, selectedPath) {
      const newShape = JSON.stringify([
        Math.round(root.clientWidth / WIDTH_STEP),
        graph.nodes.map(({ path, parent }) => [path, parent]),
        graph.edges,
      ]);
      if (newShape !== shape) {
        shape = newShape;
        parts = new Map();
        root.replaceChildren(
          drawing(graph, parts, { onSelect, room: root.clientWidth - 2 * PADDING }),
        );
      }
      for (const node of graph.nodes) updateNode(parts.get(node.path), node, selectedPath);
      const status = new Map(graph.nodes.map((node) => [node.path, node.status]));
      for (const [key, { line, from, to }] of parts)
        if (key.startsWith("edge ")) {
          const taken = status.get(from) === "succeeded" && status.get(to) !== "pending";
          setAttribute(line, "class", taken ? "edge taken" : "edge");
        }
    },
  };
}

function drawing(graph, parts, { onSelect, room }) {
  const wide = layoutGraph(graph);
  const fits = (wide.width + 2 * MARGIN) * SCALE_MIN <= room;
  const layout = fits ? wide : layoutGraph(graph, { isNarrow: true });
  const width = layout.width + 2 * MARGIN;
  const height = layout.height + 2 * MARGIN;
  const svg = svgElement("svg", { viewBox: `${-MARGIN} ${-MARGIN} ${width} ${height}` });
  svg.style.maxWidth = `${width}px`;
  svg.style.minWidth = `${width * SCALE_MIN}px`;
  // Groups come before what stands in them, and edges between: later is in front.
  for (const node of graph.nodes) {
    const drawn = nodeParts(node, layout.nodes.get(node.path), onSelect);
    parts.set(node.path, drawn);
    svg.append(drawn.group);
  }
  for (const edge of layout.edges) {
    const line = svgElement("path", {
      class: "edge",
      d: edge.isArc ? arc(edge.points) : curve(edge.points),
      "aria-hidden": "true",
    });
    parts.set(`edge ${edge.from} ${edge.to}`, { line, from: edge.from, to: edge.to });
    svg.append(line);
    if (edge.label !== null) svg.append(edgeLabel(edge));
  }
  return svg;
}

function nodeParts(node, box, onSelect) {
  const isGroup = node.isGroup;
  const name = svgElement("text", { class: "name", x: box.x + 36, y: box.y + 22 });
  name.textContent = shortened(node.id, NAME_CHARACTERS_MAX);
  const uses = svgElement("text", {
    class: "uses",
    x: box.x + box.width - 12,
    y: box.y + 22,
    "text-anchor": "end",
  });
  if (node.id.length + node.uses.length <= NAME_AND_USES_MAX) uses.textContent = node.uses;
  const line = svgElement("text", { class: "line", x: box.x + 36, y: box.y + 40 });
  const sign = svgElement("text", {
    class: "sign",
    x: box.x + 19,
    y: box.y + 31,
    "text-anchor": "middle",
    "aria-hidden": "true",
  });
  const select = () => onSelect(node.path);
  const group = svgElement(
    "g",
    {
      tabindex: "0",
      role: "button",
      onclick: select,
      onkeydown: (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        select();
      },
    },
    svgElement("rect", {
      class: isGroup ? "box group" : "box",
      x: box.x,
      y: box.y,
      width: box.width,
      height: box.height,
      rx: 10,
    }),
    sign,
    name,
    uses,
    line,
  );
  return { group, sign, line };
}

function shortened(text, charactersMax) {
  return text.length > charactersMax ? `${text.slice(0, charactersMax - 1)}…` : text;
}

function updateNode(parts, node, selectedPath) {
  const line = nodeLine(node);
  setText(parts.sign, signOf(node.status));
  setText(parts.line, shortened(nodeShortLine(node), LINE_CHARACTERS_MAX));
  setAttribute(parts.group, "class", `step ${node.status}`);
  setAttribute(parts.group, "aria-label", `${node.id}, ${node.uses}: ${line}`);
  setAttribute(parts.group, "aria-pressed", node.path === selectedPath ? "true" : "false");
}

function arc([from, to]) {
  const x = Math.min(from.x, to.x) - 24;
  return `M${from.x} ${from.y} C${x} ${from.y} ${x} ${to.y} ${to.x} ${to.y}`;
}

function curve(points) {
  const [first, ...rest] = points;
  let path = `M${first.x} ${first.y}`;
  let before = first;
  for (const point of rest) {
    const middle = (before.y + point.y) / 2;
    path += ` C${before.x} ${middle} ${point.x} ${middle} ${point.x} ${point.y}`;
    before = point;
  }
  return path;
}

function edgeLabel(edge) {
  const [first, second] = edge.points;
  const label = svgElement("text", {
    class: "edge-label",
    x: (first.x + second.x) / 2 + 6,
    y: (first.y + second.y) / 2 + 4,
  });
  label.textContent = edge.label;
  return label;
}
