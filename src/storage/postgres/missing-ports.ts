/** Stands in for the ports that this store does not have yet: each call of them says so. */
import { LockstitchError } from "#errors/errors.ts";
import type { Store } from "#ports/store.ts";

type Port = "journal";

export function missingPorts(): Pick<Store, Port> {
  const missing = (port: string) =>
    new Proxy(
      {},
      {
        get: () => () => {
          throw new LockstitchError("internal", `the PostgreSQL store has no ${port} yet`);
        },
      },
    );
  const names: readonly Port[] = ["journal"];
  return Object.fromEntries(names.map((name) => [name, missing(name)])) as unknown as Pick<
    Store,
    Port
  >;
}
