/** Methods of numbers, and the few of booleans, objects and patterns. */
import { deniedError, describe, isDeniedKey, isObject, typeError } from "../value.ts";
import { type Method, optionalNumber, textArg } from "./library.ts";
import { Pattern } from "./pattern.ts";

/** Methods of numbers by name. */
export const NUMBER_METHODS: ReadonlyMap<string, Method<number>> = new Map<string, Method<number>>([
  ["toExponential", (self, args) => self.toExponential(optionalNumber(args, 0, "toExponential"))],
  ["toFixed", (self, args) => self.toFixed(optionalNumber(args, 0, "toFixed"))],
  ["toPrecision", (self, args) => self.toPrecision(optionalNumber(args, 0, "toPrecision"))],
  ["toString", (self, args) => self.toString(optionalNumber(args, 0, "toString"))],
]);

/** Methods of booleans (`toString`), objects (`hasOwnProperty`) and patterns (`test`). */
export const OTHER_METHODS: ReadonlyMap<string, Method<unknown>> = new Map<string, Method<unknown>>(
  [
    [
      "hasOwnProperty",
      (self, args) => {
        const key = textArg(args, 0, "hasOwnProperty");
        if (!isObject(self) || self instanceof Pattern)
          throw typeError(`${describe(self)} has no method hasOwnProperty()`);
        if (isDeniedKey(key)) throw deniedError(key);
        return Object.hasOwn(self, key);
      },
    ],
    [
      "test",
      (self, args) => {
        if (!(self instanceof Pattern))
          throw typeError(`test() belongs to a pattern such as /a+/, not to ${describe(self)}`);
        return Pattern.test(self, textArg(args, 0, "test"));
      },
    ],
    [
      "toString",
      (self) => {
        if (typeof self !== "boolean")
          throw typeError(`${describe(self)} has no text: use JSON.stringify()`);
        return String(self);
      },
    ],
  ],
);
