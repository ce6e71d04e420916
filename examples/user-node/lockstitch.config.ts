/**
 * Node types of your own: list them here and every workflow of this host can use them. A type is
 * one file; what `run` receives and must return is inferred from its two schemas.
 */

import { exchangeRate } from "./nodes/exchange-rate.ts";
import { invoiceNumber } from "./nodes/invoice-number.ts";

export default {
  nodes: [invoiceNumber, exchangeRate],
};
