/**
 * Reading a record by a name that a user chose: `toString` and `valueOf` are good names of steps and
 * items, and every object has something under them.
 */

/** undefined: the record has no such field of its own, or there is none. */
export function ownField<Value>(
  record: Readonly<Record<string, Value>> | null,
  name: string,
): Value | undefined {
  return record !== null && Object.hasOwn(record, name) ? record[name] : undefined;
}
