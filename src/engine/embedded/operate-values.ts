/** NamedValues on the store of this host: what steps know of a value that was changed is read again. */
import { LockstitchError } from "#errors/errors.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { SharedEntry, SharedKey, StateStore } from "#ports/state-store.ts";
import { type Json, jsonSizeUpTo } from "#workflow/json.ts";
import {
  STATE_BYTES_MAX,
  STATE_NAME_FORM,
  STATE_NAME_LENGTH_MAX,
  STATE_NAMES_MAX,
  STATE_VALUE_SIZE_MAX,
} from "#workflow/state-operation.ts";
import type { NamedValue, NamedValueKey, NamedValues } from "../named-values.ts";
import type { SharedState } from "./shared-state.ts";

interface Host {
  readonly options: { readonly store: { readonly state: StateStore } };
  readonly services: { readonly shared: Pick<SharedState, "changed"> };
}

/** `guard` throws where nothing may be changed now. */
export function operateValues({ options, services }: Host, guard: () => void): NamedValues {
  const { state } = options.store;
  const change = async (
    context: CallContext,
    key: SharedKey,
    { value, reason }: { readonly value: string | null; readonly reason: string | undefined },
  ): Promise<SharedEntry | null> => {
    const before = await state.change(context, { ...key, value, reason: reason ?? null });
    services.shared.changed(context.tenant, key);
    return before;
  };
  const find = async (context: CallContext, key: SharedKey): Promise<NamedValue> => {
    const entry = await state.find(context, key);
    if (entry === null) throw notFound(key);
    return viewOf(entry);
  };
  return {
    async list(context, filter) {
      const { items, cursor } = await state.list(context, filter);
      return { items: items.map(viewOf), cursor };
    },
    get: (context, named) => find(context, keyOf(named)),
    async set(context, named, { value, reason }) {
      guard();
      const key = keyOf(named);
      const text = textOf(key, value);
      await refuseFull(state, context, key, text);
      await change(context, key, { value: text, reason });
      return await find(context, key);
    },
    async delete(context, named, reason) {
      guard();
      const key = keyOf(named);
      if ((await state.find(context, key)) === null) throw notFound(key);
      const before = await change(context, key, { value: null, reason });
      if (before === null) throw notFound(key);
      return viewOf(before);
    },
    async changes(context, named, limit) {
      const rows = await state.changes(context, keyOf(named), limit);
      return rows.map(({ atMs, by, reason, before, after }) => ({
        ...{ atMs, by, reason, before: parsedOrAbsent(before), after: parsedOrAbsent(after) },
      }));
    },
  };
}

function keyOf({ workflow, name }: NamedValueKey): SharedKey {
  return workflow === undefined
    ? { scope: "tenant", workflow: "", name }
    : { scope: "workflow", workflow, name };
}

function textOf({ name }: SharedKey, value: unknown): string {
  if (!STATE_NAME_FORM.test(name) || name.length > STATE_NAME_LENGTH_MAX) {
    const message = `"${name.slice(0, 100)}" is no name of a value: it begins with a letter and holds letters, digits and _ . : / - only, at most ${STATE_NAME_LENGTH_MAX} of them.`;
    throw new LockstitchError("request_invalid", message);
  }
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined)
    throw new LockstitchError("request_invalid", `The value of "${name}" is no JSON.`);
  // As a step's value is measured, or a step could not write what it has read.
  if (jsonSizeUpTo(value, STATE_VALUE_SIZE_MAX) > STATE_VALUE_SIZE_MAX)
    throw new LockstitchError(
      "payload_too_large",
      `The value of "${name}" is longer than ${STATE_VALUE_SIZE_MAX} characters of JSON. Keep large values in files, and their names here.`,
    );
  return text;
}

async function refuseFull(
  state: StateStore,
  context: CallContext,
  key: SharedKey,
  text: string,
): Promise<void> {
  const { scope, workflow } = key;
  const [before, { names, bytes }] = await Promise.all([
    state.find(context, key),
    state.usage(context, { scope, workflow }),
  ]);
  const more = Buffer.byteLength(text) - Buffer.byteLength(before?.value ?? "");
  const owner = scope === "workflow" ? `Workflow ${workflow}` : "The tenant";
  const fault =
    before === null && names >= STATE_NAMES_MAX[scope]
      ? `has ${STATE_NAMES_MAX[scope]} values`
      : more > 0 && bytes + more > STATE_BYTES_MAX[scope]
        ? `keeps ${bytes} of at most ${STATE_BYTES_MAX[scope]} bytes in its values`
        : null;
  if (fault === null) return;
  const message = `${owner} ${fault}, so "${key.name}" does not fit: delete some first.`;
  throw new LockstitchError("action_refused", message);
}

function viewOf({ workflow, value, ...entry }: SharedEntry): NamedValue {
  return {
    ...entry,
    workflow: workflow === "" ? null : workflow,
    value: JSON.parse(value) as Json,
  };
}

function parsedOrAbsent(text: string | null): unknown {
  return text === null ? undefined : (JSON.parse(text) as Json);
}

function notFound({ scope, workflow, name }: SharedKey): LockstitchError {
  const owner = scope === "workflow" ? `Workflow ${workflow}` : "The tenant";
  const message = `${owner} has no value "${name}". \`lockstitch state list\` shows what there is.`;
  return new LockstitchError("value_not_found", message);
}
