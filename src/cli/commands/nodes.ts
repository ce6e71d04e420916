/** `lockstitch nodes [TYPE]`: the step types there are, or all about one of them. */

import type { Command } from "commander";
import { stringify as yamlText } from "yaml";
import { LockstitchError } from "#errors/errors.ts";
import { visible } from "#errors/visible-text.ts";
import { COMMON_ERRORS, type NodeExample } from "#nodes/define-node.ts";
import { describeAll, type FieldDescription, type NodeDescription } from "#nodes/describe-node.ts";
import { suggestName } from "#workflow/suggest.ts";
import type { Cli } from "../command-action.ts";
import { EXIT } from "../exit-codes.ts";
import { formatTable } from "../format.ts";
import { type Output, oneLine } from "../output.ts";

export function addNodesCommand(program: Command, cli: Cli): void {
  program
    .command("nodes")
    .description("list the step types, yours included, or show all about one")
    .argument("[type]", "a type: http.request")
    .action(
      cli.action<[string | undefined], object>(async (session, [type]) => {
        const { machine, output } = session;
        const registry = await machine.nodeTypes(await session.settings());
        const all = describeAll(registry.definitions());
        if (type === undefined) printList(all, output);
        else printOne(found(all, type), output);
        return EXIT.ok.code;
      }),
    );
}

function found(all: readonly NodeDescription[], type: string): NodeDescription {
  const one = all.find((description) => description.type === type);
  if (one !== undefined) return one;
  const names = all.map((description) => description.type);
  const hint = suggestName(type, names) ?? "`lockstitch nodes` lists them.";
  throw new LockstitchError("not_found", `There is no step type ${type}. ${hint}`, {
    details: { type },
  });
}

function printList(all: readonly NodeDescription[], output: Output): void {
  if (output.isJson)
    return output.printJson({
      types: all.map(({ type, title, description, category, execution }) => ({
        ...{ type, title, description, category, execution },
      })),
    });
  const { colors } = output;
  const width = Math.max(40, output.columns() - 48);
  const rows = [...Map.groupBy(all, ({ category }) => category)].flatMap(([category, types]) =>
    types.map(({ type, execution, description }, at) => [
      at === 0 ? colors.bold(category) : "",
      visible(type),
      execution,
      oneLine(description, width),
    ]),
  );
  output.printText(formatTable(["category", "type", "runs as", "what it does"], rows, colors));
}

function printOne(description: NodeDescription, output: Output): void {
  if (output.isJson)
    return output.printJson({
      ...description,
      errors: [...description.errors, ...COMMON_ERRORS],
    });
  const { colors } = output;
  const { type, title, category, execution, fields, stepFields, ports, errors } = description;
  const print = (text: string) => output.printText(text);
  const head = (text: string) => print(`\n${colors.bold(text)}`);
  print(
    `${colors.bold(visible(type))}  ${visible(title)}  ${colors.dim(`${category}, ${execution}`)}`,
  );
  print(visible(description.description));
  head("with");
  print(fields.length === 0 ? "nothing" : inputTable(fields, output));
  if (stepFields.length > 0)
    print(`\n${colors.bold("fields of the step")}  ${stepFields.join(", ")}`);
  if (ports.length > 0) print(`\n${colors.bold("ports")}  ${ports.join(", ")}`);
  if (description.outputType !== null) {
    head(`output: ${description.outputType}`);
    if (description.output.length > 0) print(outputTable(description.output, output));
  }
  if (execution !== "control")
    print(
      `\n${colors.bold("errors")}  ${[...errors, ...COMMON_ERRORS].join(", ")}  ${colors.dim("(docs/errors.md)")}`,
    );
  for (const example of description.examples) {
    head(`example: ${visible(example.title)}`);
    print(visible(exampleText(type, example)));
  }
}

function inputTable(fields: readonly FieldDescription[], { colors }: Output): string {
  const rows = fields.map((field) => [
    visible(field.name),
    visible(field.type),
    field.isRequired ? "required" : (field.default ?? ""),
    visible(field.description ?? ""),
  ]);
  return formatTable(["field", "type", "default", "meaning"], rows, colors);
}

function outputTable(fields: readonly FieldDescription[], { colors }: Output): string {
  const rows = fields.map(({ name, type, description }) => [name, type, description ?? ""]);
  return formatTable(
    ["field", "type", "meaning"],
    rows.map((row) => row.map(visible)),
    colors,
  );
}

/** As it would stand in a workflow, with what comes of it. */
export function exampleText(type: string, example: NodeExample): string {
  const { given, output, error } = example;
  const lines = [yamlText({ uses: type, with: example.with }, { lineWidth: 0 }).trimEnd()];
  if (given !== undefined) lines.push(`# given ${JSON.stringify(given)}`);
  lines.push(error === undefined ? `# output ${JSON.stringify(output)}` : `# fails with ${error}`);
  return lines.join("\n");
}
