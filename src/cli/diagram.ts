/** A workflow's shape as text that other programs draw: Mermaid and Graphviz DOT. */
import type { Shape, ShapeEdge, ShapeNode } from "./workflow-shape.ts";

/** A Mermaid flowchart; a step with inner steps is a subgraph. */
export function mermaid(shape: Shape): string {
  const names = nodeNames(shape);
  const lines = ["flowchart TD"];
  const addLevel = (parent: string | null, indent: string) => {
    for (const node of childrenOf(shape, parent)) {
      const name = names.get(node.path);
      const label = mermaidText(labelOf(node, " · "));
      if (!node.isGroup) {
        lines.push(`${indent}${name}["${label}"]`);
        continue;
      }
      lines.push(`${indent}subgraph ${name}["${label}"]`);
      addLevel(node.path, `${indent}  `);
      lines.push(`${indent}end`);
    }
  };
  addLevel(null, "  ");
  for (const edge of shape.edges)
    lines.push(`  ${names.get(edge.from)} ${mermaidArrow(edge)} ${names.get(edge.to)}`);
  return lines.join("\n");
}

function mermaidArrow({ label, implied }: ShapeEdge): string {
  const arrow = implied ? "-.->" : "-->";
  return label === null ? arrow : `${arrow}|"${mermaidText(label)}"|`;
}

function mermaidText(text: string): string {
  return text.replace(/[&"<>#]/g, (character) => `#${character.charCodeAt(0)};`);
}

/** A DOT digraph; a step with inner steps is a cluster around a node for the step itself. */
export function dot(shape: Shape): string {
  const names = nodeNames(shape);
  const lines = ["digraph workflow {", '  node [shape=box, style=rounded, fontname="sans-serif"];'];
  const addLevel = (parent: string | null, indent: string) => {
    for (const node of childrenOf(shape, parent)) {
      const name = names.get(node.path);
      const drawn = `${name} [label=${dotText(labelOf(node, "\n"))}];`;
      if (!node.isGroup) {
        lines.push(`${indent}${drawn}`);
        continue;
      }
      lines.push(`${indent}subgraph cluster_${name} {`, `${indent}  ${drawn}`);
      addLevel(node.path, `${indent}  `);
      lines.push(`${indent}}`);
    }
  };
  addLevel(null, "  ");
  for (const edge of shape.edges) {
    const style = [
      ...(edge.label === null ? [] : [`label=${dotText(edge.label)}`]),
      ...(edge.implied ? ["style=dashed"] : []),
    ];
    const suffix = style.length === 0 ? "" : ` [${style.join(", ")}]`;
    lines.push(`  ${names.get(edge.from)} -> ${names.get(edge.to)}${suffix};`);
  }
  lines.push("}");
  return lines.join("\n");
}

function dotText(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return `"${escaped}"`;
}

/** Names without any sign that either language could misread. */
function nodeNames(shape: Shape): ReadonlyMap<string, string> {
  return new Map(shape.nodes.map((node, index) => [node.path, `n${index}`]));
}

function childrenOf(shape: Shape, parent: string | null): readonly ShapeNode[] {
  return shape.nodes.filter((node) => node.parent === parent);
}

function labelOf(node: ShapeNode, separator: string): string {
  const slot = node.slot === "" ? "" : `${node.slot}: `;
  return `${slot}${node.id}${separator}${node.uses}`;
}
