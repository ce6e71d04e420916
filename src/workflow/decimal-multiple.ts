/**
 * Whether one number is a multiple of another, as people write them: 19.99 is one of 0.01, although
 * the quotient of the two doubles is 1998.9999999999998.
 */

interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** Of the shortest decimals that stand for the two doubles; signs do not matter. `divisor` is not 0. */
export function isMultipleOf(value: number, divisor: number): boolean {
  const [left, right] = [decimalOf(value), decimalOf(divisor)];
  const exponent = Math.min(left.exponent, right.exponent);
  return scaled(left, exponent) % scaled(right, exponent) === 0n;
}

function decimalOf(value: number): Decimal {
  const [mantissa = "", exponent = "0"] = String(Math.abs(value)).split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

function scaled({ digits, exponent }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(exponent - to);
}
