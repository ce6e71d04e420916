/** `lockstitch validate FILE...`: every mistake of every file, before anything runs. */

import type { Command } from "commander";
import { visible } from "#errors/visible-text.ts";
import { formatProblem } from "#workflow/problem.ts";
import { secretsOfPlan } from "#workflow/secret-reads.ts";
import type { Cli } from "../command-action.ts";
import { EXIT } from "../exit-codes.ts";
import { readDefinition } from "../read-definition.ts";

export function addValidateCommand(program: Command, cli: Cli): void {
  program
    .command("validate")
    .description("check workflow files; every mistake with its line, column and fix")
    .argument("<files...>", "workflow files: YAML, JSON, graph JSON, TypeScript")
    .action(
      cli.action<[string[]], object>(async ({ machine, output, settings }, [names]) => {
        const nodeTypes = await machine.nodeTypes(await settings());
        const files = [];
        for (const name of names) {
          const { definition, plan, problems } = await readDefinition(name, {
            cwd: machine.cwd,
            nodeTypes,
          });
          files.push({
            file: name,
            valid: definition !== null,
            name: definition?.name ?? null,
            secrets: plan === null ? [] : secretsOfPlan(plan),
            problems,
          });
          const { green, red } = output.colors;
          if (plan !== null) {
            const secrets = secretsOfPlan(plan);
            const needs = secrets.length === 0 ? "" : `  needs secrets ${secrets.join(", ")}`;
            output.printText(`${green("✓")} ${visible(name)}  ${plan.definition.name}${needs}`);
          } else {
            output.printText(
              `${red("✗")} ${visible(name)}  ${problems.length} mistake${problems.length === 1 ? "" : "s"}`,
            );
            for (const problem of problems)
              output.printText(`  ${visible(formatProblem(problem))}`);
          }
        }
        const isValid = files.every(({ valid }) => valid);
        if (output.isJson) output.printJson({ valid: isValid, files });
        return isValid ? EXIT.ok.code : EXIT.invalid.code;
      }),
    );
}
