/**
 * `node scripts/node-docs.ts`: writes docs/nodes.md from the definitions of the step types. A test
 * fails when the page is another than this gives.
 */
import { writeFileSync } from "node:fs";
import { stringify as yamlText } from "yaml";
import { COMMON_ERRORS, type ExampleWorld, type NodeExample } from "#nodes/define-node.ts";
import { describeAll, type FieldDescription, type NodeDescription } from "#nodes/describe-node.ts";
import { createRegistry } from "#nodes/registry.ts";

const PAGE = "docs/nodes.md";

/** The whole page. */
export function nodesPage(): string {
  const all = describeAll(createRegistry().definitions());
  const rows = all.map(
    ({ type, category, execution, title }) =>
      `| [\`${type}\`](#${anchorOf(type)}) | ${category} | ${execution} | ${cell(title)} |`,
  );
  return `# Step types

<!-- Written by scripts/node-docs.ts from the definitions; do not edit. -->

Every type that a step may name in \`uses\`. *control*: the language does it itself, see
[language.md](language.md). *pure*: computes, inside the run's turn. *effect*: acts on the world, in attempts that may
be retried. \`lockstitch nodes\` lists your own types, too.

A node may fail with the codes named below, and with ${COMMON_ERRORS.map(code).join(", ")}; see [errors.md](errors.md).

| type | category | runs as | title |
| --- | --- | --- | --- |
${rows.join("\n")}

${all.map(section).join("\n")}`;
}

function section(node: NodeDescription): string {
  const { type, description, fields, stepFields, ports, output, outputType, errors } = node;
  const parts = [`## ${type}\n`, `${cell(description)}\n`];
  if (fields.length > 0) parts.push(fieldTable("field of `with`", fields, true));
  if (stepFields.length > 0)
    parts.push(`Fields of the step: ${stepFields.map(code).join(", ")}.\n`);
  if (ports.length > 0)
    parts.push(
      `Ports: ${ports.map((port) => (port.includes(" ") ? port : code(port))).join(", ")}.\n`,
    );
  if (outputType !== null && output.length === 0) parts.push(`Output: ${cell(outputType)}.\n`);
  if (output.length > 0) parts.push(fieldTable("field of the output", output, false));
  if (errors.length > 0) parts.push(`Errors: ${errors.map(code).join(", ")}.\n`);
  for (const example of node.examples) parts.push(exampleText(type, example));
  return parts.join("\n");
}

function fieldTable(head: string, fields: readonly FieldDescription[], isInput: boolean): string {
  const rows = fields.map(({ name, type, isRequired, default: value, description }) => {
    const cells = [code(name), cell(type)];
    if (isInput) cells.push(isRequired ? "required" : value === null ? "" : code(value));
    return `| ${[...cells, cell(description ?? "")].join(" | ")} |`;
  });
  const title = isInput ? `| ${head} | type | default | meaning |` : `| ${head} | type | meaning |`;
  return `${title}\n| --- | --- | --- |${isInput ? " --- |" : ""}\n${rows.join("\n")}\n`;
}

function exampleText(type: string, example: NodeExample): string {
  const step = yamlText({ uses: type, with: example.with }, { lineWidth: 0 });
  const result =
    example.error === undefined
      ? `gives\n\n\`\`\`json\n${JSON.stringify(example.output, null, 2)}\n\`\`\`\n`
      : `fails with ${code(example.error)}.\n`;
  return `${cell(example.title)}${worldText(example.given)}:\n\n\`\`\`yaml\n${step}\`\`\`\n\n${result}`;
}

function worldText(world: ExampleWorld | undefined): string {
  const files = Object.entries(world?.files ?? {}).map(
    ([name, text]) => `the file ${code(name)} holds ${code(JSON.stringify(text))}`,
  );
  const answers = Object.entries(world?.http ?? {}).map(
    ([request, { status = 200, body }]) =>
      `${code(request)} is answered with ${status}${body === undefined ? "" : ` and ${code(JSON.stringify(body))}`}`,
  );
  const given = [...files, ...answers];
  return given.length === 0 ? "" : `, where ${given.join(", and ")}`;
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

/** Text that may stand in a table and is no HTML. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ");
}

function anchorOf(type: string): string {
  return type.replaceAll(".", "");
}

if (import.meta.main) {
  writeFileSync(PAGE, nodesPage());
  process.stdout.write(`${PAGE} is written\n`);
}
