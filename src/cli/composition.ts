/**
 * Starts the parts of a process in the order of their dependencies and stops them in reverse.
 *
 * C1. A part starts after everything it needs; it is stopped before anything it needs.
 * C2. What is missing or circular is found, and named, before anything starts.
 * C3. When a part fails to start, those that run are stopped in reverse and the failure is thrown.
 * C4. stop() stops every part, even when one fails to stop; failures are thrown together. It is
 *     idempotent: a second call waits for the first.
 */

/** One part; `Parts` maps names to what each part provides. */
export interface Part<Parts, Name extends keyof Parts & string> {
  readonly name: Name;
  readonly needs: readonly (keyof Parts & string)[];
  /** `parts` holds (at least) everything named in `needs`. */
  start(parts: Parts): Promise<Parts[Name]> | Parts[Name];
  stop?(part: Parts[Name]): Promise<void>;
}

/** Any part of `Parts`. */
export type AnyPart<Parts> = {
  [Name in keyof Parts & string]: Part<Parts, Name>;
}[keyof Parts & string];

export interface Composition<Parts> {
  readonly parts: Parts;
  stop(): Promise<void>;
}

/** Starts `declared`, in whatever order it is written. */
export async function startParts<Parts>(
  declared: readonly AnyPart<Parts>[],
): Promise<Composition<Parts>> {
  const ordered = inDependencyOrder(declared);
  const parts: Partial<Parts> = {};
  const started: AnyPart<Parts>[] = [];
  const stopAll = async () => {
    const failures: unknown[] = [];
    for (const part of started.reverse().splice(0)) {
      try {
        await stopPart(part, parts);
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0)
      throw failures.length === 1
        ? failures[0]
        : new AggregateError(failures, "several parts failed to stop");
  };
  try {
    for (const part of ordered) {
      parts[part.name] = await part.start(parts as Parts);
      started.push(part);
    }
  } catch (failure) {
    // The first failure is what matters; one on the way back would only hide it.
    await stopAll().catch(() => undefined);
    throw failure;
  }
  let stopping: Promise<void> | null = null;
  return {
    parts: parts as Parts,
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}

async function stopPart<Parts>(part: AnyPart<Parts>, parts: Partial<Parts>): Promise<void> {
  await part.stop?.(parts[part.name] as never);
}

/** The parts, each after those it needs; ties keep the written order. Throws naming what is missing or circular. */
export function inDependencyOrder<Parts>(
  declared: readonly AnyPart<Parts>[],
): readonly AnyPart<Parts>[] {
  const byName = new Map<string, AnyPart<Parts>>();
  for (const part of declared) {
    if (byName.has(part.name)) throw new Error(`part \`${part.name}\` is declared twice`);
    byName.set(part.name, part);
  }
  const ordered: AnyPart<Parts>[] = [];
  const visit = (part: AnyPart<Parts>, trail: readonly string[]) => {
    if (ordered.includes(part)) return;
    if (trail.includes(part.name))
      throw new Error(
        `parts need each other: ${[...trail.slice(trail.indexOf(part.name)), part.name].join(" -> ")}`,
      );
    for (const need of part.needs) {
      const needed = byName.get(need);
      if (needed === undefined)
        throw new Error(
          `part \`${part.name}\` needs \`${need}\`, which is missing; declared are: ${[...byName.keys()].join(", ")}`,
        );
      visit(needed, [...trail, part.name]);
    }
    ordered.push(part);
  };
  for (const part of declared) visit(part, []);
  return ordered;
}
