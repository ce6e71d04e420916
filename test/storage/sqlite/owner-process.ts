/** A second process that asks for a data directory and says what it got; holds it until killed. */
import { openOwnership } from "#storage/sqlite/ownership.ts";

const [dataDir = "", address] = process.argv.slice(2);
const ownership = await openOwnership(dataDir);
if (ownership.owned && address !== undefined) await ownership.publishAddress(address);
process.stdout.write(`${JSON.stringify(ownership)}\n`);
// Its standard input never ends while the parent lives.
if (ownership.owned) process.stdin.resume();
