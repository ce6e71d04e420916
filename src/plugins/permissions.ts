/**
 * What a plugin asks for beyond its own code, and whether the operator has granted it.
 *
 *   P1. A plugin has what it declares and the operator grants; one that declares more is refused.
 *   P2. Nothing is granted by a name that would change the process itself (`NODE_OPTIONS`, `LD_PRELOAD`)
 *       or that holds Lockstitch's own settings and secrets (`LOCKSTITCH_*`).
 */
import { isAbsolute, resolve, sep } from "node:path";
import { z } from "zod";

const RESERVED_NAME = /^(NODE|LD|DYLD|LOCKSTITCH|OPENSSL|SSL)_|^(PWD|IFS|ENV|PATH)$/i;
const HOST = /^\.?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

const Folder = z
  .string()
  .min(1)
  .max(1_024)
  .regex(/^[^*,\n\r\0]+$/, "a folder's path without * and commas");

const Variable = z
  .string()
  .max(200)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is not a variable's name")
  .refine((name) => !RESERVED_NAME.test(name), "is reserved and cannot be given to a plugin");

const Secret = z
  .string()
  .max(200)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is not a secret's name");

const Host = z
  .string()
  .max(253)
  .regex(HOST, "a host in lower case without scheme and port: api.example.com, or .example.com");

/** As the author of a plugin writes it. Folders are relative to the operator's configuration file. */
export const Permissions = z.strictObject({
  folders: z
    .strictObject({
      read: z.array(Folder).max(50).default([]),
      /** Also read. */
      write: z.array(Folder).max(50).default([]),
    })
    .prefault({}),
  environment: z.array(Variable).max(100).default([]),
  network: z.strictObject({ hosts: z.array(Host).max(100).default([]) }).prefault({}),
  /** Which secrets a step may hand to its nodes. */
  secrets: z.array(Secret).max(100).default([]),
});

export type Permissions = z.output<typeof Permissions>;
export type WrittenPermissions = z.input<typeof Permissions>;

export const NO_PERMISSIONS: Permissions = Permissions.parse({});

/** What an operator allows: everything that the plugin declares, or at most this. */
export const Grant = z.union([z.literal("declared"), Permissions]);
export type Grant = z.output<typeof Grant>;

/** With folders as absolute paths below `base`. */
export function located(permissions: Permissions, base: string): Permissions {
  const absolute = (folders: readonly string[]) =>
    folders.map((folder) => (isAbsolute(folder) ? resolve(folder) : resolve(base, folder)));
  const { read, write } = permissions.folders;
  return { ...permissions, folders: { read: absolute(read), write: absolute(write) } };
}

/** What is declared and not granted, in words; empty: all is. Both with absolute folders. */
export function missingGrants(declared: Permissions, grant: Grant): readonly string[] {
  if (grant === "declared") return [];
  const { read, write } = grant.folders;
  const lacks = (folders: readonly string[], granted: readonly string[]) =>
    folders.filter((folder) => !granted.some((above) => isWithin(folder, above)));
  return [
    ...lacks(declared.folders.read, [...read, ...write]).map((folder) => `read ${folder}`),
    ...lacks(declared.folders.write, write).map((folder) => `write ${folder}`),
    ...declared.environment
      .filter((name) => !grant.environment.includes(name))
      .map((name) => `environment ${name}`),
    ...declared.network.hosts
      .filter((host) => !isHostCovered(host, grant.network.hosts))
      .map((host) => `network ${host}`),
    ...declared.secrets
      .filter((name) => !grant.secrets.includes(name))
      .map((name) => `secret ${name}`),
  ];
}

export function isWithin(folder: string, above: string): boolean {
  return folder === above || folder.startsWith(above.endsWith(sep) ? above : above + sep);
}

/** Whether all that `host` stands for (a name, or `.name` with all below it) is in `hosts`. */
export function isHostCovered(host: string, hosts: readonly string[]): boolean {
  return hosts.some((rule) => {
    const wide = rule.toLowerCase();
    if (!wide.startsWith(".")) return host === wide;
    return host === wide || host === wide.slice(1) || host.endsWith(wide);
  });
}

/** Whether anything is declared that an operator must grant. */
export function isAskingNothing({ folders, environment, network, secrets }: Permissions): boolean {
  return [folders.read, folders.write, environment, network.hosts, secrets].every(
    (list) => list.length === 0,
  );
}
