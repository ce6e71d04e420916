/**
 * A real DNS server on a free loopback port, for tests of what names resolve to: answers follow
 * CNAME chains, can change from one question to the next, and are read by Node's own resolver.
 */
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import ipaddr from "ipaddr.js";
import type { Resolve } from "#nodes/http/client.ts";

/** A name's answers in turn (the last one stays): addresses, or `-> name` for an alias. */
export type Zone = Readonly<Record<string, readonly (readonly string[])[]>>;

export interface DnsServer extends AsyncDisposable {
  /** What an HTTP client resolves with. */
  readonly resolve: Resolve;
  /** Questions in order, `A name`. */
  readonly questions: readonly string[];
}

const TYPES = { A: 1, CNAME: 5, AAAA: 28 } as const;

export async function dnsServer(zone: Zone): Promise<DnsServer> {
  const questions: string[] = [];
  const asked = new Map<string, number>();
  const socket = createSocket("udp4");
  socket.on("message", (message, { port, address }) => {
    const { name, type, end } = questionOf(message);
    questions.push(`${type === TYPES.AAAA ? "AAAA" : "A"} ${name}`);
    socket.send(answerTo(message, end, recordsOf(zone, asked, name, type)), port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  const ofFamily = (name: string, family: 4 | 6) =>
    (family === 4 ? resolver.resolve4(name) : resolver.resolve6(name)).then(
      (found) => found.map((address) => ({ address, family })),
      () => [],
    );
  return {
    questions,
    resolve: async (name) => {
      const found = [...(await ofFamily(name, 4)), ...(await ofFamily(name, 6))];
      if (found.length === 0) throw new Error(`ENOTFOUND ${name}`);
      return found;
    },
    async [Symbol.asyncDispose]() {
      resolver.cancel();
      socket.close();
      await once(socket, "close");
    },
  };
}

interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly data: Buffer;
}

/** The whole chain, as a recursive server answers. */
function recordsOf(
  zone: Zone,
  asked: Map<string, number>,
  question: string,
  type: number,
): readonly DnsRecord[] {
  const records: DnsRecord[] = [];
  let name = question;
  for (let links = 0; links < 20; links += 1) {
    const answers = zone[name] ?? [];
    const key = `${type} ${name}`;
    const turn = asked.get(key) ?? 0;
    asked.set(key, turn + 1);
    const found = answers[Math.min(turn, answers.length - 1)] ?? [];
    const alias = found.find((text) => text.startsWith("-> "))?.slice(3);
    if (alias === undefined) return [...records, ...addressesOf(name, found, type)];
    records.push({ name, type: TYPES.CNAME, data: nameBytes(alias) });
    name = alias;
  }
  return records;
}

function addressesOf(name: string, found: readonly string[], type: number): readonly DnsRecord[] {
  return found
    .map((text) => ipaddr.parse(text))
    .filter((address) => (address.kind() === "ipv4") === (type === TYPES.A))
    .map((address) => ({ name, type, data: Buffer.from(address.toByteArray()) }));
}

function questionOf(message: Buffer) {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(message: Buffer, end: number, records: readonly DnsRecord[]): Buffer {
  const head = Buffer.from(message.subarray(0, 12));
  // An answer, recursion available, no error; one question, so many answers, nothing else.
  head.writeUInt16BE(0x8180, 2);
  for (const [at, count] of [1, records.length, 0, 0].entries())
    head.writeUInt16BE(count, 4 + 2 * at);
  const parts = records.map(({ name, type, data }) => {
    const fixed = Buffer.alloc(10);
    fixed.writeUInt16BE(type, 0);
    fixed.writeUInt16BE(1, 2);
    fixed.writeUInt16BE(data.length, 8);
    return Buffer.concat([nameBytes(name), fixed, data]);
  });
  return Buffer.concat([head, message.subarray(12, end), ...parts]);
}

function nameBytes(name: string): Buffer {
  const labels = name.split(".").map((label) => {
    return Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "latin1")]);
  });
  return Buffer.concat([...labels, Buffer.alloc(1)]);
}
