/** `lockstitch plugin`: what plugins there are and how they are, what one asks for, and signatures. */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { LockstitchError } from "#errors/errors.ts";
import { visible } from "#errors/visible-text.ts";
import { entryText, lookAtPlugin } from "#plugins/load-plugin.ts";
import type { Permissions } from "#plugins/permissions.ts";
import { parsePluginEntries } from "#plugins/plugin-entry.ts";
import { SIGNATURE_FILE, signatureFault, signFolder } from "#plugins/signature.ts";
import type { Cli } from "../command-action.ts";
import { EXIT } from "../exit-codes.ts";
import { formatTable } from "../format.ts";
import { builtInTypes, pluginReports } from "../plugin-reports.ts";
import type { Session } from "../session.ts";

interface KeyOption {
  readonly key?: string;
}

export function addPluginCommands(program: Command, cli: Cli): void {
  const plugin = program
    .command("plugin")
    .description("list plugins, look at one, sign one, verify a signature");
  plugin
    .command("list")
    .description(
      "the plugins of the configuration: what they may, whether they can run, how they are",
    )
    .action(cli.action<[], object>((session) => list(session)));
  plugin
    .command("inspect")
    .description("what a plugin offers and asks for, and the entry that would grant it")
    .argument("<from>", "folder or package")
    .option("--unsealed", "load it without the wall of the operating system")
    .action(
      cli.action<[string], { readonly unsealed?: boolean }>((session, [from], { unsealed }) =>
        inspect(session, { from, sealed: unsealed !== true }),
      ),
    );
  plugin
    .command("sign")
    .description(`sign all files of a plugin's folder (${SIGNATURE_FILE})`)
    .argument("<folder>", "the plugin's folder")
    .requiredOption("--key <file>", "private ed25519 key in PEM")
    .action(
      cli.action<[string], KeyOption>((session, [folder], { key }) => sign(session, folder, key)),
    );
  plugin
    .command("verify")
    .description("whether a plugin's folder is what was signed; runs nothing of it")
    .argument("<folder>", "the plugin's folder")
    .requiredOption("--key <file>", "public ed25519 key in PEM")
    .action(
      cli.action<[string], KeyOption>((session, [folder], { key }) => verify(session, folder, key)),
    );
}

async function list(session: Session): Promise<number> {
  const { output } = session;
  const items = await pluginReports(session);
  const isWell = items.every(({ refusal }) => refusal === null);
  if (output.isJson) output.printJson({ items });
  else if (items.length === 0)
    output.note("There are none: write plugins: in lockstitch.config.* (docs/plugins.md).");
  else {
    output.printText(
      formatTable(
        ["plugin", "version", "state", "sealed", "signed", "types", "may"],
        items.map((item) => [
          visible(item.name ?? item.from),
          item.version ?? "",
          item.refusal === null ? (item.health?.state ?? "can run") : "refused",
          item.sealed ? "yes" : "no",
          item.signed ? "yes" : "no",
          String(item.types.length),
          visible(permissionText(item.permissions)),
        ]),
        output.colors,
      ),
    );
    for (const { refusal } of items) if (refusal !== null) output.note(visible(refusal));
    for (const { name, health } of items)
      if (health !== null && health.restarts > 0)
        output.note(
          visible(
            `${name}: restarted ${health.restarts} times, last because it ${health.lastEnd?.text ?? "ended"}`,
          ),
        );
  }
  return isWell ? EXIT.ok.code : EXIT.unwell.code;
}

async function inspect(
  { machine, output }: Session,
  wanted: { readonly from: string; readonly sealed: boolean },
): Promise<number> {
  const { entries } = parsePluginEntries([wanted], machine.cwd);
  const [entry] = entries;
  if (entry === undefined) throw new LockstitchError("request_invalid", "A plugin has a name.");
  const { manifest, source } = await lookAtPlugin(entry, { builtIn: builtInTypes() });
  const { name, version, description, permissions, nodes } = manifest;
  if (output.isJson) {
    output.printJson({ name, version, description, folder: source.folder, permissions, nodes });
    return EXIT.ok.code;
  }
  output.printText(`${output.colors.bold(name)} ${version}  ${visible(description)}`);
  for (const { type, title } of nodes) output.printText(`  ${visible(type)}  ${visible(title)}`);
  output.printText(`It asks for: ${visible(permissionText(permissions))}`);
  output.printText(`plugins: [${visible(entryText(entry.from, manifest))}]`);
  return EXIT.ok.code;
}

async function sign(
  { machine, output }: Session,
  folder: string,
  key: string | undefined,
): Promise<number> {
  const at = folderAt(machine.cwd, folder);
  const files = signFolder(at, textOf(machine.cwd, key));
  if (output.isJson) output.printJson({ folder: at, files, file: SIGNATURE_FILE });
  else output.printText(`signed ${files} files of ${visible(at)}: ${SIGNATURE_FILE}`);
  return EXIT.ok.code;
}

async function verify(
  { machine, output }: Session,
  folder: string,
  key: string | undefined,
): Promise<number> {
  const at = folderAt(machine.cwd, folder);
  const fault = signatureFault(at, textOf(machine.cwd, key), machine.cwd);
  if (output.isJson) output.printJson({ folder: at, isValid: fault === null, reason: fault });
  else output.printText(fault === null ? `${visible(at)} is as it was signed` : visible(fault));
  return fault === null ? EXIT.ok.code : EXIT.unwell.code;
}

function folderAt(cwd: string, folder: string): string {
  const path = resolve(cwd, folder);
  if (!existsSync(path) || !statSync(path).isDirectory())
    throw new LockstitchError("not_found", `There is no folder ${path}.`);
  return realpathSync(path);
}

function textOf(cwd: string, key: string | undefined): string {
  const path = resolve(cwd, key ?? "");
  if (!existsSync(path)) throw new LockstitchError("not_found", `--key: there is no file ${path}.`);
  return readFileSync(path, "utf8");
}

function permissionText(permissions: Permissions | null): string {
  if (permissions === null) return "";
  const { folders, environment, network, secrets } = permissions;
  const parts = [
    ...folders.read.map((folder) => `read ${folder}`),
    ...folders.write.map((folder) => `write ${folder}`),
    ...environment.map((name) => `environment ${name}`),
    ...network.hosts.map((host) => `network ${host}`),
    ...secrets.map((name) => `secret ${name}`),
  ];
  return parts.length === 0 ? "nothing" : parts.join(", ");
}
