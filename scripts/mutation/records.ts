/**
 * What tries of whole files have found, a record for each file, so that a run of hours can be done in
 * pieces: the next one goes on where the last was ended.
 *
 * 1. A record is of one text of its file; of any other it says nothing.
 * 2. It counts as it stands while the tests of its room stay as they were. When they have changed,
 *    mutants that were killed are taken to be so still, and only those that lived are tried again.
 *    Who takes tests away starts afresh.
 * 3. Other files of the room may have changed since: a record is what was true when it was written.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { mutantName } from "./sample.ts";
import { fromZero, type ReportedMutant } from "./score.ts";

export interface FileRecord {
  /** Hash of the file's text. */
  readonly source: string;
  /** Hash of the tests it was tried with. */
  readonly tests: string;
  readonly mutants: readonly ReportedMutant[];
}

/** How much of a file a run can take from its record. */
export type Known = "all" | "killed" | "nothing";

export function hashOf(...texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest("hex").slice(0, 32);
}

/** Of the texts of files, in the order of their names. */
export function hashOfFiles(files: readonly string[]): string {
  const sorted = files.toSorted();
  return hashOf(...sorted.flatMap((file) => [file, readFileSync(file, "utf8")]));
}

export function knownOf(
  record: FileRecord | null,
  now: { readonly source: string; readonly tests: string },
): Known {
  if (record === null || record.source !== now.source) return "nothing";
  const isSettled = record.tests === now.tests || !record.mutants.some(lived);
  return isSettled ? "all" : "killed";
}

/** Names of the mutants that tests have noticed. */
export function killedIn(file: string, { mutants }: FileRecord): string[] {
  const killed = mutants.filter(({ status }) => status === "Killed" || status === "Timeout");
  return killed.map((mutant) => mutantName(file, fromZero(mutant)));
}

function lived({ status }: ReportedMutant): boolean {
  return status === "Survived" || status === "NoCoverage";
}

/** Null: there is none. */
export function readRecord(folder: string, file: string): FileRecord | null {
  try {
    return JSON.parse(readFileSync(pathOf(folder, file), "utf8")) as FileRecord;
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw fault;
  }
}

export function writeRecord(folder: string, file: string, record: FileRecord): void {
  const path = pathOf(folder, file);
  const mutants = record.mutants.map(({ mutatorName, replacement, location, status }) => ({
    ...{ mutatorName, replacement, location, status },
  }));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ ...record, mutants })}\n`);
}

function pathOf(folder: string, file: string): string {
  return `${folder}/${file}.json`;
}
