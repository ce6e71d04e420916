/**
 * Places a workflow's graph in layers from top to bottom, scopes as boxes around their steps.
 *
 * L1. A step stands below everything it waits for; ties keep the order of the definition.
 * L2. Nothing overlaps; an edge over several layers has a lane of its own in each.
 * L3. Pure: the same graph gives the same picture.
 *
 * Where that is wider than there is room, each scope is one column in the same order; an edge to the next step is a
 * short line, any other an arc beside the column.
 *
 * Units are CSS pixels. Ranks by longest path, order within a rank by barycentres (Sugiyama et
 * al. 1981), one sweep down and one up.
 */

export const NODE_WIDTH = 184;
export const NODE_HEIGHT = 52;
const GAP_X = 16;
const GAP_Y = 30;
const LANE = 14;
const GAP_Y_NARROW = 20;
/** Room for arcs left of a narrow column. */
const GUTTER = 18;
const GROUP_PAD = 12;
/** A group's own name and status line stand above its steps. */
const GROUP_HEAD = 50;

/** `{ width, height, nodes: Map path -> { x, y, width, height }, edges: [{ from, to, label, points }] }`. */
export function layoutGraph(graph, { isNarrow = false } = {}) {
  const children = new Map();
  for (const node of graph.nodes) {
    const siblings = children.get(node.parent) ?? [];
    siblings.push(node);
    children.set(node.parent, siblings);
  }
  const scopes = new Map();
  const root = scopeAt(null, { children, edges: graph.edges, scopes, isNarrow });
  const placed = { width: root.width, height: root.height, nodes: new Map(), edges: [] };
  flatten(null, scopes, placed, 0, 0);
  return placed;
}

/** One scope placed from (0, 0), its inner scopes first; kept in `scopes`. */
function scopeAt(parent, context) {
  const members = context.children.get(parent) ?? [];
  const inScope = new Set(members.map((node) => node.path));
  const edges = needed(
    context.edges.filter((edge) => inScope.has(edge.from) && inScope.has(edge.to)),
  );
  const boxes = new Map(members.map((node) => [node.path, sizeOf(node, context)]));
  const ranks = rankRows(members, edges, boxes);
  orderRows(ranks.rows, ranks.links);
  const scope = context.isNarrow
    ? placeColumn(members, ranks.rank, edges, boxes)
    : placeRows(ranks, edges, boxes);
  context.scopes.set(parent, scope);
  return scope;
}

function sizeOf(node, context) {
  if (!context.children.has(node.path)) return { width: NODE_WIDTH, height: NODE_HEIGHT };
  const inner = scopeAt(node.path, context);
  return {
    width: Math.max(NODE_WIDTH, inner.width) + 2 * GROUP_PAD,
    height: inner.height + GROUP_HEAD + GROUP_PAD,
  };
}

/** Moves a scope, and what stands in it, to where its owner stands. */
function flatten(parent, scopes, placed, left, top) {
  const scope = scopes.get(parent);
  for (const [path, box] of scope.nodes) {
    const moved = { ...box, x: box.x + left, y: box.y + top };
    placed.nodes.set(path, moved);
    const inner = scopes.get(path);
    if (inner !== undefined)
      flatten(path, scopes, placed, moved.x + (box.width - inner.width) / 2, moved.y + GROUP_HEAD);
  }
  for (const edge of scope.edges)
    placed.edges.push({
      ...edge,
      points: edge.points.map(({ x, y }) => ({ x: x + left, y: y + top })),
    });
}

/** Edges without those that only repeat what a longer way says already. */
function needed(edges) {
  const after = new Map();
  for (const { from, to } of edges) after.set(from, [...(after.get(from) ?? []), to]);
  const reaches = (from, to, skip) => {
    const seen = new Set([from]);
    const open = [from];
    for (let at = open.pop(); at !== undefined; at = open.pop())
      for (const next of after.get(at) ?? []) {
        if (skip && at === from && next === to) continue;
        if (next === to) return true;
        if (!seen.has(next)) {
          seen.add(next);
          open.push(next);
        }
      }
    return false;
  };
  const pairs = new Set();
  return edges.filter(({ from, to, label }) => {
    const pair = JSON.stringify([from, to]);
    if (pairs.has(pair)) return false;
    pairs.add(pair);
    return label !== null || !reaches(from, to, true);
  });
}

/** Rows of cells (steps, and lanes of long edges), and the links between cells of neighbouring rows. */
function rankRows(members, edges, boxes) {
  const incoming = new Map(members.map((node) => [node.path, []]));
  for (const edge of edges) incoming.get(edge.to).push(edge.from);
  const rankOf = new Map();
  const rank = (path) => {
    const known = rankOf.get(path);
    if (known !== undefined) return known;
    rankOf.set(path, 0);
    const value = Math.max(-1, ...incoming.get(path).map(rank)) + 1;
    rankOf.set(path, value);
    return value;
  };
  const rows = [];
  const add = (row, cell) => {
    rows[row] ??= [];
    rows[row].push(cell);
  };
  for (const { path } of members) add(rank(path), { key: path, ...boxes.get(path) });
  const links = [];
  const lanes = new Map();
  for (const edge of edges) {
    let before = edge.from;
    const keys = [];
    for (let row = rank(edge.from) + 1; row < rank(edge.to); row++) {
      const key = JSON.stringify([edge.from, edge.to, row]);
      add(row, { key, width: LANE, height: 0 });
      links.push([before, key]);
      keys.push(key);
      before = key;
    }
    links.push([before, edge.to]);
    lanes.set(edge, keys);
  }
  return { rows, links, lanes, rank };
}

function orderRows(rows, links) {
  const sweep = (indexes, neighbours) => {
    for (const [index, beside] of indexes) {
      const position = new Map(rows[beside].map((cell, at) => [cell.key, at]));
      const centre = new Map(
        rows[index].map((cell, at) => {
          const near = neighbours(cell.key).flatMap((key) => position.get(key) ?? []);
          return [cell, near.length === 0 ? at : near.reduce((a, b) => a + b, 0) / near.length];
        }),
      );
      rows[index].sort((a, b) => centre.get(a) - centre.get(b));
    }
  };
  const above = (key) => links.flatMap(([from, to]) => (to === key ? [from] : []));
  const below = (key) => links.flatMap(([from, to]) => (from === key ? [to] : []));
  const inner = rows.map((_, index) => index).slice(1);
  sweep(
    inner.map((index) => [index, index - 1]),
    above,
  );
  sweep(
    inner.toReversed().map((index) => [index - 1, index]),
    below,
  );
  sweep(
    inner.map((index) => [index, index - 1]),
    above,
  );
}

function placeRows({ rows, lanes }, edges, boxes) {
  const widthOf = (row) => row.reduce((sum, cell) => sum + cell.width + GAP_X, -GAP_X);
  const width = Math.max(0, ...rows.map(widthOf));
  const points = new Map();
  let y = 0;
  for (const row of rows) {
    const height = Math.max(...row.map((cell) => cell.height));
    let x = (width - widthOf(row)) / 2;
    for (const cell of row) {
      points.set(cell.key, { x, y, width: cell.width, height: cell.height, bottom: y + height });
      x += cell.width + GAP_X;
    }
    y += height + GAP_Y;
  }
  return {
    width,
    height: Math.max(0, y - GAP_Y),
    nodes: new Map([...points].filter(([key]) => boxes.has(key))),
    edges: edges.map((edge) => ({ ...edge, points: wayOf(edge, lanes, points) })),
  };
}

function placeColumn(members, rank, edges, boxes) {
  const column = columnOrder(members, rank, edges);
  const place = new Map(column.map((path, index) => [path, index]));
  const spanOf = (edge) => place.get(edge.to) - place.get(edge.from);
  const nodes = new Map();
  const left = edges.some((edge) => spanOf(edge) > 1) ? GUTTER : 0;
  let y = 0;
  for (const path of column) {
    nodes.set(path, { x: left, y, ...boxes.get(path) });
    y += boxes.get(path).height + GAP_Y_NARROW;
  }
  const width = Math.max(0, ...[...boxes.values()].map((box) => box.width)) + left;
  return {
    width,
    height: Math.max(0, y - GAP_Y_NARROW),
    nodes,
    edges: edges.map((edge) => columnEdge(edge, nodes, spanOf(edge))),
  };
}

/** As written, where that goes forward along every edge; else by rank. */
function columnOrder(members, rank, edges) {
  const written = members.map(({ path }) => path);
  const place = new Map(written.map((path, index) => [path, index]));
  const isForward = edges.every(({ from, to }) => place.get(from) < place.get(to));
  return isForward ? written : written.sort((a, b) => rank(a) - rank(b));
}

function columnEdge(edge, nodes, span) {
  const from = nodes.get(edge.from);
  const to = nodes.get(edge.to);
  if (span === 1) {
    const x = from.x + NODE_WIDTH / 2;
    return {
      ...edge,
      isArc: false,
      points: [
        { x, y: from.y + from.height },
        { x, y: to.y },
      ],
    };
  }
  const points = [
    { x: from.x, y: from.y + NODE_HEIGHT / 2 },
    { x: to.x, y: to.y + NODE_HEIGHT / 2 },
  ];
  return { ...edge, isArc: true, points };
}

function wayOf(edge, lanes, points) {
  const from = points.get(edge.from);
  const to = points.get(edge.to);
  const middle = (box) => box.x + box.width / 2;
  // Straight down to the end of its row first: a neighbour may be taller.
  const way = [
    { x: middle(from), y: from.y + from.height },
    { x: middle(from), y: from.bottom },
  ];
  for (const key of lanes.get(edge)) {
    const lane = points.get(key);
    way.push({ x: middle(lane), y: lane.y }, { x: middle(lane), y: lane.bottom });
  }
  way.push({ x: middle(to), y: to.y });
  return way;
}
