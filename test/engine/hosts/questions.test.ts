/** What hosts tell each other of failures: known codes stay, all else is a fault, and nothing is guessed. */
import { expect, test } from "vitest";
import { answered, answerOf, Question } from "#engine/hosts/questions.ts";
import { LockstitchError } from "#errors/errors.ts";

test("a value comes back, and nothing as null", async () => {
  expect(answered(await answerOf(async () => ({ runs: [1] })))).toEqual({ runs: [1] });
  expect(answered(await answerOf(async () => undefined))).toBeNull();
});

test("a failure comes back with its code, message and details", async () => {
  const failure = new LockstitchError("not_found", "no run r", { details: { runId: "r" } });
  const answer = await answerOf(() => Promise.reject(failure));
  expect(() => answered(answer)).toThrow(
    expect.objectContaining({ code: "not_found", message: "no run r", details: { runId: "r" } }),
  );
});

test("what is no failure of ours is internal, and so is a code of another release", async () => {
  const answer = await answerOf(() => Promise.reject(new TypeError("x is not a function")));
  expect(() => answered(answer)).toThrow(
    expect.objectContaining({ code: "internal", message: "TypeError: x is not a function" }),
  );
  for (const code of ["of_tomorrow", "constructor"]) {
    const error = { code, message: "it is so", details: {} };
    expect(() => answered(JSON.stringify({ error }))).toThrow(
      expect.objectContaining({ code: "internal", message: "it is so" }),
    );
  }
});

test("what is no answer and no question is refused", () => {
  expect(() => answered('{"neither":1}')).toThrow();
  const context = { tenant: "default", principal: "local", trace: null };
  expect(Question.safeParse({ kind: "explain", context, runId: "r" }).success).toBe(true);
  expect(Question.safeParse({ kind: "of_tomorrow", context, runId: "r" }).success).toBe(false);
  expect(Question.safeParse({ kind: "call", context, runId: "r", input: {} }).success).toBe(false);
});
