/** The layout's invariants, over random nested graphs, wide and narrow. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
interface Graph {
  readonly nodes: readonly { readonly path: string; readonly parent: string | null }[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly label: null }[];
}
interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, Box>;
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

// The page's modules are plain JavaScript, served as they are.
const file = new URL("../../../src/server/page/graph-layout.js", import.meta.url);
const { layoutGraph } = (await import(file.href)) as {
  layoutGraph(graph: Graph, options?: { readonly isNarrow: boolean }): Layout;
};

/** Nodes get a parent among those before them; edges go forward between siblings. */
const graphs = fc
  .array(fc.tuple(fc.nat(), fc.nat(3), fc.array(fc.nat(), { maxLength: 3 })), {
    minLength: 1,
    maxLength: 24,
  })
  .map((rows): Graph => {
    const nodes: { path: string; parent: string | null }[] = [];
    const edges: { from: string; to: string; label: null }[] = [];
    rows.forEach(([parentPick, isInner, sources], index) => {
      const parent = index > 0 && isInner === 0 ? (nodes[parentPick % index]?.path ?? null) : null;
      const path = `n${index}`;
      const before = nodes.filter((node) => node.parent === parent);
      for (const source of before.length === 0 ? [] : sources)
        edges.push({ from: before[source % before.length]?.path ?? "", to: path, label: null });
      nodes.push({ path, parent });
    });
    return { nodes, edges };
  });

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

describe.each([false, true])("layout, narrow: %s", (isNarrow) => {
  it("L1, L2: below what it waits for, inside its owner, over nothing else", () => {
    let groups = 0;
    let edges = 0;
    fc.assert(
      fc.property(graphs, (graph) => {
        const layout = layoutGraph(graph, { isNarrow });
        const box = (path: string | null): Box =>
          layout.nodes.get(path ?? "") ?? {
            x: 0,
            y: 0,
            width: layout.width,
            height: layout.height,
          };
        for (const a of graph.nodes) {
          const [mine, owner] = [box(a.path), box(a.parent)];
          expect(mine.x).toBeGreaterThanOrEqual(owner.x);
          expect(mine.x + mine.width).toBeLessThanOrEqual(owner.x + owner.width + 1e-6);
          expect(mine.y + mine.height).toBeLessThanOrEqual(owner.y + owner.height + 1e-6);
          if (a.parent !== null) groups += 1;
          for (const b of graph.nodes)
            if (a !== b && a.parent === b.parent) expect(overlaps(mine, box(b.path))).toBe(false);
        }
        for (const { from, to } of graph.edges) {
          edges += 1;
          expect(box(to).y).toBeGreaterThanOrEqual(box(from).y + box(from).height);
        }
      }),
      { numRuns: 150 },
    );
    expect(groups).toBeGreaterThan(100);
    expect(edges).toBeGreaterThan(100);
  });

  it("keeps every way between two steps when it leaves edges out", () => {
    const reach = (edges: readonly { readonly from: string; readonly to: string }[]) => {
      const pairs = new Set<string>();
      const walk = (start: string, at: string) => {
        for (const { from, to } of edges)
          if (from === at && !pairs.has(`${start} ${to}`)) {
            pairs.add(`${start} ${to}`);
            walk(start, to);
          }
      };
      for (const { from } of edges) walk(from, from);
      return pairs;
    };
    fc.assert(
      fc.property(graphs, (graph) => {
        expect(reach(layoutGraph(graph, { isNarrow }).edges)).toEqual(reach(graph.edges));
      }),
      { numRuns: 60 },
    );
  });
});
