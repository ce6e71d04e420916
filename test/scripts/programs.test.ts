import { expect, test } from "vitest";
import { findProgram } from "../../scripts/programs.ts";

test("a program that does not start counts as missing", () => {
  const before = process.env["LOCKSTITCH_STRACE"];
  try {
    process.env["LOCKSTITCH_STRACE"] = "no-such-program-anywhere";
    expect(findProgram("strace")).toBeNull();
    process.env["LOCKSTITCH_STRACE"] = process.execPath;
    expect(findProgram("strace")).toBe(process.execPath);
  } finally {
    if (before === undefined) delete process.env["LOCKSTITCH_STRACE"];
    else process.env["LOCKSTITCH_STRACE"] = before;
  }
});
