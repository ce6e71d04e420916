/**
 * `shop.exchange_rate`: an effect node. It runs as an attempt: at least once, with retries as the
 * workflow says. This one only pretends to ask a bank, and is busy at the first attempt.
 */
import { defineNode, NodeError } from "lockstitch/node";
import { z } from "zod";

const RATES: Readonly<Record<string, number>> = { EUR: 1, USD: 1.08, NOK: 11.7 };

export const exchangeRate = defineNode({
  type: "shop.exchange_rate",
  title: "Exchange rate",
  description: "The price of one euro in another currency.",
  category: "user",
  icon: "coins",
  pure: false,
  config: z.strictObject({ currency: z.string().length(3) }),
  output: z.strictObject({ currency: z.string(), rate: z.number().positive() }),
  async run({ currency }, { attempt, log }) {
    log.info("asking the bank", { currency, attempt });
    // Codes of your own begin with `user.`; `retry.errors` and `catch` match on them.
    if (attempt === 1)
      throw new NodeError("user.bank_busy", "The bank is busy.", { retryable: true });
    const rate = RATES[currency];
    if (rate === undefined)
      throw new NodeError("user.unknown_currency", `The bank does not know ${currency}.`);
    return { currency, rate };
  },
});
