/** `lockstitch connections`: what steps may connect to by name; secrets are named, never shown. */

import type { Command } from "commander";
import { visible } from "#errors/visible-text.ts";
import { connectionSummary } from "#nodes/connections/connection-summary.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Cli } from "../command-action.ts";
import { EXIT } from "../exit-codes.ts";
import { formatTable } from "../format.ts";

export function addConnectionsCommand(program: Command, cli: Cli): void {
  program
    .command("connections")
    .description("list the connections that steps may use by name, without their secrets")
    .action(
      cli.action<[], object>(async ({ machine, output, settings }) => {
        const found = await settings();
        const there = new Set(await machine.secrets(found).list(LOCAL_CONTEXT.tenant));
        const items = Object.entries(found.connections)
          .map(([name, connection]) => {
            const summary = connectionSummary(name, connection);
            const missing = summary.secrets.filter((secret) => !there.has(secret));
            return { ...summary, missingSecrets: missing };
          })
          .sort((left, right) => (left.name < right.name ? -1 : 1));
        if (output.isJson) {
          output.printJson({ items });
          return EXIT.ok.code;
        }
        if (items.length === 0)
          output.note(
            "There are none: write connections: in lockstitch.config.* (docs/connections.md).",
          );
        else
          output.printText(
            formatTable(
              ["name", "kind", "address", "auth", "secrets"],
              items.map(({ name, kind, address, auth, secrets, missingSecrets, isReadOnly }) => [
                visible(name),
                isReadOnly ? `${kind}, read only` : kind,
                visible(address),
                auth,
                secrets
                  .map((secret) =>
                    missingSecrets.includes(secret) ? `${secret} (missing)` : secret,
                  )
                  .join(", "),
              ]),
              output.colors,
            ),
          );
        return EXIT.ok.code;
      }),
    );
}
