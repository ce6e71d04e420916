/**
 * The command line that starts a plugin's process. Two walls, one inside the other:
 *
 *   Node's permission model  no file outside of the granted folders, no child processes, worker threads,
 *                            native addons, WASI, inspector; node:sqlite, which it does not cover, is off.
 *   Linux namespaces         what the model does not cover at all: sockets (a network namespace without
 *                            a single interface), sockets that are files and files opened past the
 *                            model (a root that holds nothing but what is granted), signals to other
 *                            processes (a process namespace). No capabilities, no new privileges.
 *
 *   S1. `sealed` has both. Where the second cannot be had, starting fails; nothing falls back.
 *   S2. The script runs before any code of the plugin; it knows paths only, no values of the environment.
 *   S3. Whoever starts it dies: so does it (parent death signal), an endless loop included.
 * Tools are util-linux and coreutils, by absolute path.
 */
import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";

export interface SealedStart {
  readonly isSealed: boolean;
  readonly script: string;
  readonly arguments: readonly string[];
  /** Files and folders that the process may read, absolute. */
  readonly read: readonly string[];
  /** Folders that it may write as well. */
  readonly write: readonly string[];
  /** Symbolic links that must be there: from, to. */
  readonly links: readonly (readonly [string, string])[];
  readonly heapMib: number;
  /** The largest that it may make a file; null: no limit. */
  readonly fileMib: number | null;
}

export interface StartCommand {
  readonly command: string;
  readonly arguments: readonly string[];
}

/** The exit code of the script when the wall could not be built. */
export const UNSEALED_EXIT = 97;

const LIBRARY_FOLDERS = ["/usr/lib", "/usr/lib64", "/usr/lib32", "/lib", "/lib64", "/lib32"];
const TOOL_FOLDERS = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
const TOOLS = ["prlimit", "unshare", "setpriv", "mount", "mkdir", "ln", "chroot", "sh"] as const;

/** Arguments: mount, mkdir, ln, chroot, setpriv; then what the root holds; `--`; then the command. */
const SCRIPT = `
set -u
mount=$1 mkdir=$2 ln=$3 chroot=$4 setpriv=$5; shift 5
fault() { echo "seal: $1" >&2; exit ${UNSEALED_EXIT}; }
root=/sys
"$mount" -t tmpfs -o mode=755,size=1m,nr_inodes=8k tmpfs $root || fault "no file system of its own"
place() {
  if [ -d "$1" ]; then "$mkdir" -p -- "$root$1"; else "$mkdir" -p -- "$root\${1%/*}" && { [ -e "$root$1" ] || : > "$root$1"; }; fi || fault "no place for $1"
  "$mount" --rbind -- "$1" "$root$1" || fault "$1 cannot be shown"
}
readonly_() {
  "$mount" -o remount,bind,ro -- "$root$1" 2>/dev/null || "$mount" -o remount,bind,ro,nosuid,nodev -- "$root$1" 2>/dev/null ||
  "$mount" -o remount,bind,ro,nosuid,nodev,noexec -- "$root$1" || fault "$1 cannot be made read-only"
}
while [ "$1" != -- ]; do
  case $1 in
    link) "$mkdir" -p -- "$root\${2%/*}" && "$ln" -s -- "$3" "$root$2" || fault "no link $2"; shift 3 ;;
    read) place "$2"; readonly_ "$2"; shift 2 ;;
    write) place "$2"; shift 2 ;;
  esac
done
shift
echo 1000 > /proc/self/oom_score_adj || :
"$mount" -o remount,bind,ro $root || fault "its root cannot be made read-only"
unset PWD OLDPWD mount mkdir root
exec "$chroot" /sys "$setpriv" --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"
`;

/** Why plugins cannot be sealed on this machine, as far as that shows without trying; null: they may. */
export function sealFault(): string | null {
  if (process.platform !== "linux")
    return `the wall around a plugin needs Linux; this is ${process.platform}`;
  const missing = TOOLS.filter((tool) => toolPath(tool) === null);
  return missing.length === 0
    ? null
    : `the wall around a plugin needs ${missing.join(", ")} (util-linux, coreutils), not found here`;
}

/** Throws an Error where `isSealed` cannot be (sealFault says it first). */
export function startCommand(start: SealedStart): StartCommand {
  const node = realpathSync(process.execPath);
  const nodeArguments = [
    "--permission",
    "--no-experimental-sqlite",
    "--disable-warning=ExperimentalWarning",
    `--max-old-space-size=${start.heapMib}`,
    ...[...start.read, ...start.write, ...start.links.map(([from]) => from)].map(
      (path) => `--allow-fs-read=${path}`,
    ),
    ...start.write.map((path) => `--allow-fs-write=${path}`),
    start.script,
    ...start.arguments,
  ];
  if (!start.isSealed) return bound(node, nodeArguments, limitsOf(start));
  const tool = (name: (typeof TOOLS)[number]) => {
    const path = toolPath(name);
    if (path === null) throw new Error(sealFault() ?? `${name} is missing`);
    return path;
  };
  const setpriv = tool("setpriv");
  return {
    command: tool("prlimit"),
    arguments: [
      ...limitsOf(start),
      ...[setpriv, "--pdeathsig", "KILL", "--", tool("unshare")],
      ...["--user", "--map-root-user", "--net", "--pid", "--ipc", "--uts", "--mount"],
      ...["--fork", "--kill-child=KILL", "--", tool("sh"), "-c", SCRIPT, "seal"],
      ...[tool("mount"), tool("mkdir"), tool("ln"), tool("chroot"), setpriv],
      ...rootOf(start, [node, setpriv]),
      ...["--", node, ...nodeArguments],
    ],
  };
}

/** Of the system, for each process: no memory left on the disk when one crashes, and the size of a file. */
function limitsOf({ fileMib }: SealedStart): readonly string[] {
  return ["--core=0", ...(fileMib === null ? [] : [`--fsize=${fileMib * 1024 * 1024}`]), "--"];
}

/** Without the wall, but it ends with its host, and has the limits, where the system offers that. */
function bound(
  node: string,
  nodeArguments: readonly string[],
  limits: readonly string[],
): StartCommand {
  const find = (name: string) => (process.platform === "linux" ? toolPath(name) : null);
  const [setpriv, prlimit] = [find("setpriv"), find("prlimit")];
  const [command = node, ...rest] = [
    ...(prlimit === null ? [] : [prlimit, ...limits]),
    ...(setpriv === null ? [] : [setpriv, "--pdeathsig", "KILL", "--"]),
    node,
    ...nodeArguments,
  ];
  return { command, arguments: rest };
}

/** What the process finds in its root, parents before what lies in them. */
function rootOf({ read, write, links }: SealedStart, programs: readonly string[]): string[] {
  const libraries = LIBRARY_FOLDERS.filter((path) => existsSync(path));
  const isLink = (path: string) => lstatSync(path).isSymbolicLink();
  const shown = [
    ...[...libraries.filter((path) => !isLink(path)), ...programs, ...read].map(
      (path) => ["read", path] as const,
    ),
    ...write.map((path) => ["write", path] as const),
  ];
  const linked = [
    ...libraries.filter(isLink).map((path) => [path, readlinkSync(path)] as const),
    ...links,
  ];
  return [
    ...linked.flatMap(([from, to]) => ["link", from, to]),
    ...unique(shown)
      .toSorted(([, left], [, right]) => (left < right ? -1 : 1))
      .flat(),
  ];
}

/** One mount for each place; where both are asked for, it may be written. */
function unique(shown: readonly (readonly ["read" | "write", string])[]) {
  return [...new Map(shown.map(([mode, path]) => [path, [mode, path] as const])).values()];
}

function toolPath(name: string): string | null {
  return TOOL_FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}
