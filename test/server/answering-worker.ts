/** The worker of answering-thread.test.ts: doubles numbers, fails, or ends with what it is told. */
import { answerRequests } from "#server/answering-thread.ts";

answerRequests((request: number | "throw" | "exit" | "crash") => {
  if (request === "exit") process.exit(3);
  if (request === "crash")
    queueMicrotask(() => {
      throw new Error("out of order");
    });
  if (request === "throw") throw new Error("not that");
  return typeof request === "number" ? request * 2 : 0;
});
