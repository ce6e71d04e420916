/** `lockstitch quotas`: what tenants and workflows may use, and what of it is used. */
import type { Command } from "commander";
import { quotaToJson } from "#client/wire/quota.ts";
import type { QuotaView } from "#engine/engine-care.ts";
import { visible } from "#errors/visible-text.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../command-action.ts";
import { EXIT } from "../exit-codes.ts";
import { formatInstant, formatTable } from "../format.ts";

export function addQuotasCommand(program: Command, cli: Cli): void {
  program
    .command("quotas")
    .description("list what the tenant and its workflows may use, and what of it is used")
    .option("--workflow <name>", "only those of this workflow")
    .action(
      cli.action<[], { readonly workflow?: string }>(async (session, _args, { workflow }) => {
        const { output } = session;
        const { engine } = await session.access();
        const all = await engine.care.quotas(LOCAL_CONTEXT);
        const items = all.filter((quota) => workflow === undefined || quota.workflow === workflow);
        if (output.isJson) output.printJson({ items: items.map(quotaToJson) });
        else if (items.length === 0)
          output.note("Nothing is limited: set `quotas` in the configuration file.");
        else
          output.printText(
            formatTable(
              ["of", "quota", "used", "limit", "until"],
              items.map((quota) => [
                quota.workflow === null ? "tenant" : `workflow ${visible(quota.workflow)}`,
                quota.quota,
                amount(quota.used),
                amount(quota.limit),
                untilOf(quota),
              ]),
              output.colors,
            ),
          );
        return EXIT.ok.code;
      }),
    );
}

function amount(value: number | null): string {
  return value === null ? "-" : String(Math.round(value * 10) / 10);
}

function untilOf({ untilMs }: QuotaView): string {
  return untilMs === null ? "" : formatInstant(untilMs);
}
