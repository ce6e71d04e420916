/**
 * Mail addresses of a message, and the texts in its head. A line break in one of them would add
 * headers or recipients, so it is refused here, before the library could repair it.
 */
import { z } from "zod";

/** Text of a header: one line, no control characters. */
export const HeaderText = z
  .string()
  .max(2_000)
  .refine((text) => !hasControl(text), "must be one line without control characters");

function hasControl(text: string): boolean {
  return [...text].some((character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x20 || code === 0x7f || code === 0x85 || code === 0x2028 || code === 0x2029;
  });
}

/** `ada@example.com`, or with a name. One address: lists are lists. */
export const MailAddress = z.union([
  addressText(),
  z.strictObject({
    name: HeaderText.max(200).describe("Name shown beside the address"),
    address: addressText().describe("The address itself"),
  }),
]);

export type MailAddress = z.output<typeof MailAddress>;

export const MailAddresses = z
  .union([MailAddress, z.array(MailAddress).max(1_000)])
  .transform((value) => (Array.isArray(value) ? value : [value]));

function addressText() {
  return z
    .string()
    .max(320)
    .regex(
      /^[^\s@<>()[\],;:\\"\p{Cc}]{1,64}@[\p{L}\p{N}]([\p{L}\p{N}.-]{0,252}[\p{L}\p{N}])?$/u,
      "is not one mail address, such as ada@example.com",
    );
}

export function addressOf(value: MailAddress): string {
  return typeof value === "string" ? value : value.address;
}

/** Whether `address` belongs to `domain`, or below it for `.domain`. */
export function isInDomain(address: string, domain: string): boolean {
  const host = address.slice(address.lastIndexOf("@") + 1).toLowerCase();
  const wanted = domain.toLowerCase();
  if (!wanted.startsWith(".")) return host === wanted;
  return host === wanted.slice(1) || host.endsWith(wanted);
}
