/** The table of large-data.ts: orders in rows of about 90 bytes, the same every time, 50,000 customers. */
import { closeSync, openSync, writeSync } from "node:fs";

const CITIES = ["Oslo", "Bern", "Roma", "Wien", "Riga", '"Paris, France"'];

/** Writes some more than `bytesWanted`. */
export function writeOrders(path: string, bytesWanted: number): void {
  const file = openSync(path, "w");
  writeSync(file, "id,customer,city,amount,status,note\n");
  let bytes = 0;
  for (let row = 0; bytes < bytesWanted; ) {
    const lines: string[] = [];
    for (const end = row + 10_000; row < end; row += 1) {
      const customer = (row * 7_919) % 50_000;
      const amount = ((row * 104_729) % 100_000) / 100;
      const status = row % 3 === 0 ? "open" : "paid";
      lines.push(
        `${row},customer-${customer},${CITIES[row % CITIES.length]},${amount},${status},"order ${row}, as it was ""placed"" then"\n`,
      );
    }
    bytes += writeSync(file, lines.join(""));
  }
  closeSync(file);
}
