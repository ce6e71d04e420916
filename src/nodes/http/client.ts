/**
 * The pooled HTTP client behind http.request: one connection pool per origin, and an address check
 * at the moment of connecting, on the very addresses that the socket then uses, so that a name
 * cannot answer one thing to the check and another to the connection (DNS rebinding).
 *
 * C1. No socket is opened to an address that addressCheck refuses; one refused address among a
 *     name's answers refuses the name.
 * C2. One client per rules object; idle connections do not keep the process alive.
 * The library is loaded at the first call: it would be a third of the time that a command starts in.
 */
import { lookup as systemLookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import type { Agent, buildConnector, Dispatcher } from "undici";
import type { HttpRules } from "../define-node.ts";
import { addressCheck } from "./address-rules.ts";

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** All addresses of a host name, in the order to try. Rejects when there is none. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** The connection was not made because of where it would have gone. */
export class RefusedAddress extends Error {
  override readonly name = "RefusedAddress";
}

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_CONNECTION_MS = 10_000;

/** The system's resolver, `/etc/hosts` included. */
export const resolveBySystem: Resolve = async (hostname) => {
  const found = await systemLookup(hostname, { all: true, order: "verbatim" });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
};

/** The clients of one node type, one for each set of rules. */
export class HttpClients {
  readonly #resolve: Resolve;
  readonly #byRules = new WeakMap<HttpRules, Promise<Agent>>();

  constructor(resolve: Resolve) {
    this.#resolve = resolve;
  }

  /** The client for `rules`, made on first use. */
  of(rules: HttpRules): Promise<Dispatcher> {
    const known = this.#byRules.get(rules);
    if (known !== undefined) return known;
    const agent = newAgent(rules, this.#resolve);
    this.#byRules.set(rules, agent);
    return agent;
  }

  /** Closes all connections of `rules` at once. */
  async close(rules: HttpRules): Promise<void> {
    const agent = this.#byRules.get(rules);
    this.#byRules.delete(rules);
    await (await agent)?.destroy();
  }
}

async function newAgent(rules: HttpRules, resolve: Resolve): Promise<Agent> {
  const undici = await import("undici");
  return new undici.Agent({
    connect: guardedConnector(undici.buildConnector, addressCheck(rules), resolve),
    keepAliveTimeout: IDLE_CONNECTION_MS,
    // Calls have a time limit of their own (caller.ts), which may be longer than the library's.
    ...{ headersTimeout: 0, bodyTimeout: 0 },
    maxHeaderSize: 64 * 1024,
  });
}

function guardedConnector(
  newConnector: typeof buildConnector,
  refusalOf: (address: string) => string | null,
  resolve: Resolve,
): buildConnector.connector {
  const lookup: LookupFunction = (hostname, options, callback) => {
    checkedAddresses(hostname, refusalOf, resolve).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all === true || first === undefined)
          callback(
            null,
            addresses.map(({ address, family }) => ({ address, family })),
          );
        else callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, []),
    );
  };
  const connect = newConnector({
    timeout: CONNECT_TIMEOUT_MS,
    lookup,
  } as buildConnector.BuildOptions);
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, "");
    // An address in the URL is connected to without a lookup, so it is checked here.
    const refusal = isIP(host) === 0 ? null : refusalOf(host);
    if (refusal === null) connect(options, callback);
    else callback(new RefusedAddress(`${host} ${refusal}`), null);
  };
}

async function checkedAddresses(
  hostname: string,
  refusalOf: (address: string) => string | null,
  resolve: Resolve,
): Promise<readonly ResolvedAddress[]> {
  const addresses = await resolve(hostname.replace(/\.$/, ""));
  if (addresses.length === 0) throw new Error(`${hostname} has no address`);
  for (const { address } of addresses) {
    const refusal = refusalOf(address);
    if (refusal !== null)
      throw new RefusedAddress(`${hostname} resolves to ${address}, which ${refusal}`);
  }
  return addresses;
}
