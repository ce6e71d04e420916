/**
 * A file system in a file, mounted through a loop device: its raw image, copied at any moment, is
 * what a disk would hold after a power cut then. Needs root and loop devices.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface Mount extends Disposable {
  /** Where files go. */
  readonly path: string;
}

export interface LoopImage extends AsyncDisposable {
  readonly mount: Mount;
  /** The image as it is now, without what the file system holds in memory only. */
  cutPower(): PowerCut;
}

export interface PowerCut {
  /** Replays the file system's journal as the next boot would, and mounts what is there. */
  boot(): Mount;
}

function run(command: string, ...parameters: string[]): void {
  execFileSync(command, parameters, { stdio: ["ignore", "ignore", "pipe"] });
}

function mountImage(image: string, path: string): Mount {
  mkdirSync(path);
  run("mount", "-o", "loop", image, path);
  return {
    path,
    [Symbol.dispose]: () => run("umount", path),
  };
}

/** Throws where this machine cannot do it; the message says why. */
export async function loopImage(bytes: number): Promise<LoopImage> {
  const directory = await temporaryDirectory();
  try {
    const image = join(directory.path, "disk.img");
    writeFileSync(image, "");
    truncateSync(image, bytes);
    run("mkfs.ext4", "-q", "-F", image);
    const mount = mountImage(image, join(directory.path, "disk"));
    let cuts = 0;
    return {
      mount,
      cutPower() {
        const copy = join(directory.path, `cut${++cuts}.img`);
        copyFileSync(image, copy);
        return {
          boot() {
            // Exit status 1 says that it repaired something: the journal's replay is that.
            execFileSync("sh", [
              "-c",
              'e2fsck -fy "$1" >/dev/null 2>&1 || test $? -eq 1',
              "sh",
              copy,
            ]);
            return mountImage(copy, `${copy}.boot`);
          },
        };
      },
      async [Symbol.asyncDispose]() {
        mount[Symbol.dispose]();
        await directory[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
}
