/** `lockstitch convert FILE --to FORM`: a workflow in another of its forms. */
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { LockstitchError } from "#errors/errors.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { editYaml } from "#workflow/edit-yaml.ts";
import { printGraph } from "#workflow/graph-form.ts";
import { printJson, printYaml } from "#workflow/print.ts";
import { printBuilder } from "#workflow/print-builder.ts";
import { definitionInvalid } from "#workflow/problem.ts";
import type { Cli } from "../command-action.ts";
import { EXIT } from "../exit-codes.ts";
import type { Output } from "../output.ts";
import { type ReadOptions, readDefinition } from "../read-definition.ts";

const FORMS = { yaml: printYaml, json: printJson, graph: printGraph, ts: printBuilder } as const;

interface Options {
  readonly to: keyof typeof FORMS;
  readonly into?: string;
}

export function addConvertCommand(program: Command, cli: Cli): void {
  program
    .command("convert")
    .description("print a workflow in another form; a graph drawn elsewhere becomes one of these")
    .argument("<file>", "workflow file: YAML, JSON, graph JSON, TypeScript")
    .addOption(
      new Option("--to <form>", "yaml, json, graph (nodes and edges) or ts (builder code)")
        .choices(Object.keys(FORMS))
        .default("yaml"),
    )
    .option("--into <file>", "put it into this YAML file, whose comments stay")
    .action(
      cli.action<[string], Options>(async ({ machine, output, settings }, [file], options) => {
        const from = { cwd: machine.cwd, nodeTypes: await machine.nodeTypes(await settings()) };
        const { definition, problems } = await readDefinition(file, from);
        if (definition === null) throw definitionInvalid(problems);
        if (options.into !== undefined) await writeInto(options.into, definition, from, output);
        else {
          const text = FORMS[options.to](definition);
          if (output.isJson) output.printJson({ form: options.to, text });
          else output.printText(text.trimEnd());
        }
        return EXIT.ok.code;
      }),
    );
}

async function writeInto(
  file: string,
  definition: WorkflowDefinition,
  { cwd, nodeTypes }: ReadOptions,
  output: Output,
): Promise<void> {
  const path = resolve(cwd, file);
  const before = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new LockstitchError(
      "not_found",
      `${file} cannot be read: name a YAML file that is there.`,
      {
        cause,
      },
    );
  });
  const { text, keptComments } = editYaml(before, definition, nodeTypes);
  if (text !== before) await writeFile(path, text);
  if (output.isJson)
    output.printJson({ form: "yaml", file, changed: text !== before, keptComments });
  else if (text === before) output.printText(`${file} says the same already.`);
  else if (keptComments) output.printText(`${file} changed; its comments are as they were.`);
  else output.printText(`${file} is written anew; its comments could not be kept.`);
}
