/** Floor of C: an HTTP hello that makes two raw durable commits and does nothing else. */
import { createServer } from "node:http";
import { openFloorTable } from "./floor-table.ts";

const { append } = openFloorTable(process.env["BENCH_FOLDER"] ?? ".", "hello.db");
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    append(1);
    append(1);
    response.setHeader("content-type", "application/json").end('{"hello":"world"}');
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object")
    process.stdout.write(`${JSON.stringify({ port: address.port })}\n`);
});
