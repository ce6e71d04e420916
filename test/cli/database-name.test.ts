/** What stands for a database in messages: never who opens it. */
import { expect, test } from "vitest";
import { databaseName } from "#cli/database-name.ts";

test.each([
  ["postgres://me:secret@db.example/runs?sslmode=require", "postgres://db.example:5432/runs"],
  ["postgresql://db.example:6000/runs", "postgres://db.example:6000/runs"],
  ["postgres:///runs?host=/var/run/postgresql", "postgres:///var/run/postgresql:5432/runs"],
  ["not a URL", null],
  [null, null],
])("%s is %s", (url, name) => {
  expect(databaseName(url)).toBe(name);
});
