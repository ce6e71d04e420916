/**
 * Which methods an address takes, for whoever asks it with another one: that is 405 with `Allow`
 * (RFC 9110, 15.5.6), not 404. Looked up only where no route has matched.
 */
import type { FastifyInstance } from "fastify";

/** Methods by the address that is asked for, sorted; empty: there is no such address. */
export type KnownMethods = (url: string) => readonly string[];

/** Learns of every route that is registered from now on. */
export function knownPaths(app: FastifyInstance): KnownMethods {
  const routes: { readonly parts: readonly string[]; readonly methods: readonly string[] }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    routes.push({ parts: partsOf(url), methods: [method].flat() });
  });
  return (url) => {
    const asked = partsOf(url.split("?", 1)[0] ?? "");
    const methods = routes
      .filter(({ parts }) => fits(parts, asked))
      .flatMap((each) => each.methods);
    return [...new Set(methods)].sort();
  };
}

/** A slash at the end means nothing. */
function partsOf(path: string): readonly string[] {
  return path.replace(/\/$/, "").split("/");
}

function fits(parts: readonly string[], asked: readonly string[]): boolean {
  return (
    parts.length === asked.length &&
    parts.every((part, at) => (part.startsWith(":") ? asked[at] !== "" : part === asked[at]))
  );
}
