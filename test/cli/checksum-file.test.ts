/** The checksum beside a backup: whole or not there, and never one of another file. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { checkChecksum, clearChecksum, writeChecksum } from "#cli/checksum-file.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PROGRAM = fileURLToPath(new URL("./checksum-process.ts", import.meta.url));
const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");

test("killed at every change, a checksum is whole or as it was", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "copy.db");
  await writeFile(file, "copy");
  for (const was of [null, `${digestOf("another")}  copy.db\n`]) {
    const found: (string | null)[] = [];
    for (let at = 1; ; at++) {
      const checksum = `${file}.sha256`;
      await rm(checksum, { force: true });
      if (was !== null) await writeFile(checksum, was);
      const parameters = [PROGRAM, file, digestOf("copy"), String(at)];
      const { signal, stderr } = spawnSync(process.execPath, parameters);
      found.push(existsSync(checksum) ? await readFile(checksum, "utf8") : null);
      if (signal === null) {
        expect(String(stderr)).toBe("");
        break;
      }
    }
    expect(found.length).toBeGreaterThan(3);
    const whole = `${digestOf("copy")}  copy.db\n`;
    expect(found[0]).toBe(was);
    expect(found.at(-1)).toBe(whole);
    expect(found.filter((text) => text !== was && text !== whole)).toEqual([]);
    expect(await checkChecksum(file)).toBe(true);
  }
});

test("the checksum of a file that is no more goes, that of one that is there stays", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "copy.db");
  await writeFile(file, "copy");
  await writeChecksum(file, digestOf("copy"));
  await clearChecksum(file);
  expect(await checkChecksum(file)).toBe(true);
  await rm(file);
  await clearChecksum(file);
  expect(existsSync(`${file}.sha256`)).toBe(false);
});

test("a checksum that does not fit, or is none, is told apart", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "copy.db");
  await expect(checkChecksum(file)).rejects.toThrow("cannot be read");
  await writeFile(file, "copy");
  expect(await checkChecksum(file)).toBe(false);
  await writeFile(`${file}.sha256`, `${digestOf("copy").toUpperCase()} *copy.db\r\n`);
  expect(await checkChecksum(file)).toBe(true);
  await writeChecksum(file, digestOf("other"));
  await expect(checkChecksum(file)).rejects.toThrow("is not what was written");
  for (const text of ["", digestOf("copy").slice(0, 20), "copy.db  ok"]) {
    await writeFile(`${file}.sha256`, text);
    await expect(checkChecksum(file)).rejects.toThrow("holds no SHA-256. Remove it");
  }
});

test("a checksum that is there and cannot be read is not taken for none", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "copy.db");
  await writeFile(file, "copy");
  await mkdir(`${file}.sha256`);
  await expect(checkChecksum(file)).rejects.toThrow(`${file}.sha256 cannot be read`);
});
