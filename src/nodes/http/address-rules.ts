/**
 * Which network addresses outgoing HTTP may reach: the heart of the protection against server-side
 * request forgery. Only public unicast addresses pass; loopback, private, link-local,
 * unique-local, multicast, carrier-grade NAT, documentation and reserved ones do not, in whichever
 * IPv6 form they are wrapped. Addresses come from the resolver or from a URL that was already
 * normalised by the WHATWG parser (which turns 0x7f.1, 017700000001 and 2130706433 into 127.0.0.1).
 *
 * S1. What is not known to be public is refused.
 * S2. `allowPrivate` opens private addresses but never the cloud metadata ones: a workflow must
 *     not read the host's credentials because it may talk to a database. A CIDR block opens both.
 */
import ipaddr from "ipaddr.js";
import { LockstitchError } from "#errors/errors.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Block = readonly [Address, number];

export interface AddressRules {
  readonly allowPrivate: boolean;
  readonly allowCidrs: readonly string[];
}

/**
 * EC2, GCP, Azure, OpenStack, DigitalOcean; EC2 over IPv6; Alibaba; Oracle; ECS tasks; Azure's host
 * agent, which is a public address by its range; GCP over IPv6.
 */
const METADATA = [
  "169.254.169.254",
  "fd00:ec2::254",
  "100.100.100.200",
  "192.0.0.192",
  "169.254.170.2",
  "169.254.170.23",
  "fd00:ec2::23",
  "168.63.129.16",
  "fd20:ce::254",
].map((text) => ipaddr.parse(text).toNormalizedString());

/** A function that says why an address may not be called, or null if it may. Throws LockstitchError for a malformed block. */
export function addressCheck(rules: AddressRules): (address: string) => string | null {
  const blocks = rules.allowCidrs.map(blockOf);
  return (text) => {
    if (!ipaddr.isValid(text)) return "is not an address";
    const address = unwrapped(ipaddr.process(text));
    if (blocks.some((block) => isInside(address, block))) return null;
    if (METADATA.includes(address.toNormalizedString())) return "is a cloud metadata address";
    const range = rangeOf(address);
    if (range === "unicast" || (rules.allowPrivate && !TUNNELS.has(range))) return null;
    return `is a ${RANGE_NAMES[range] ?? range} address`;
  };
}

/** 2000::/3: what IANA gives out as global unicast of IPv6. The library takes the rest for it, too. */
const GLOBAL_IPV6 = ipaddr.parseCIDR("2000::/3");

function rangeOf(address: Address): string {
  const range = address.range();
  return range === "unicast" && address instanceof ipaddr.IPv6 && !address.match(GLOBAL_IPV6)
    ? "reserved"
    : range;
}

/** IPv6 that carries some IPv4 address out of sight: never private, always a way around S2. */
const TUNNELS: ReadonlySet<string> = new Set(["6to4", "teredo", "rfc6145", "rfc6052"]);

const RANGE_NAMES: Readonly<Record<string, string>> = {
  linkLocal: "link-local",
  uniqueLocal: "unique-local",
  carrierGradeNat: "carrier-grade NAT",
  deprecatedSiteLocal: "site-local",
};

function blockOf(text: string): Block {
  try {
    const [address, bits] = ipaddr.parseCIDR(text);
    return [address, bits];
  } catch (cause) {
    throw invalidBlock(text, cause);
  }
}

function invalidBlock(text: string, cause: unknown): LockstitchError {
  return new LockstitchError(
    "config_invalid",
    `${JSON.stringify(text)} is not a CIDR block; write for instance 10.0.0.0/8.`,
    { cause },
  );
}

function isInside(address: Address, [network, bits]: Block): boolean {
  if (address instanceof ipaddr.IPv4)
    return network instanceof ipaddr.IPv4 && address.match(network, bits);
  return network instanceof ipaddr.IPv6 && address.match(network, bits);
}

/**
 * The IPv4 address that an IPv6 one carries: IPv4-compatible (::/96, obsolete), NAT64
 * (64:ff9b::/96, RFC 6052). The other tunnels (6to4, Teredo) stay what they are and are refused.
 */
function unwrapped(address: Address): Address {
  if (address instanceof ipaddr.IPv4) return address;
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0, high = 0, low = 0] =
    address.parts;
  const middle = third | fourth | fifth | sixth;
  const isNat64 = first === 0x64 && second === 0xff9b && middle === 0;
  const isCompatible = first === 0 && second === 0 && middle === 0 && (high !== 0 || low > 1);
  if (!isNat64 && !isCompatible) return address;
  return new ipaddr.IPv4([high >> 8, high & 0xff, low >> 8, low & 0xff]);
}
