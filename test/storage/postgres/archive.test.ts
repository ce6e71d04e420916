/** Runs of a PostgreSQL store in the archive: whole, and read back as they were, whichever host writes them. */
import { randomBytes } from "node:crypto";
import { createReadStream, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openArchivedRun } from "#engine/embedded/archived-run.ts";
import { Housekeeping } from "#engine/embedded/housekeeping.ts";
import type { AttemptRequest } from "#engine/embedded/options.ts";
import { KEEP_30_DAYS } from "#engine/embedded/retention.ts";
import type { Archive } from "#ports/archive.ts";
import type { Store } from "#ports/store.ts";
import { fileArchive } from "#storage/archive/file-archive.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { systemClock } from "../../../src/system/system-clock.ts";
import { context, nodes, work, workflow } from "../../engine/engine-fixture.ts";
import { openOwner } from "../../engine/owner.ts";
import { DEADLINE_MS } from "../../engine/sqlite-fixture.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { postgresForTests } from "./postgres-fixture.ts";

const postgres = postgresForTests();
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const LATER_MS = 31 * 86_400_000;
/** More than a row holds: it lies among the blobs. */
const large = randomBytes(60_000).toString("hex");

describe.skipIf(postgres === null)("the archive of a PostgreSQL store", () => {
  if (postgres === null) return;

  test("two hosts that keep house at once: what goes is in an archive, whole", async () => {
    await using directory = await temporaryDirectory();
    await using database = await postgres.database();
    const open = () => openPostgresStore({ url: database.url, claim: "none", poolMax: 3 });
    const [store, other] = [await open(), await open()];
    const given = async ({ log }: AttemptRequest) => {
      log.info("large", { bytes: large.length });
      return { value: large };
    };
    const { engine } = await openOwner(store, { work: { given } });
    const report = workflow("report", {
      steps: [work("a", "given")],
      output: "${{ steps.a.output }}",
    });
    const ids = ["one", "two", "three"];
    const before = new Map<string, unknown>();
    for (const id of ids) {
      await engine.start(context, { workflow: report, id, labels: { team: "x" } });
      await engine.wait(context, id, DEADLINE_MS);
      const events = await engine.events(context, id, 0, 1_000);
      before.set(id, { events, state: await engine.state(context, id) });
    }
    const logs: string[] = [];
    const logger = { ...silent, warn: (_: unknown, message: string) => void logs.push(message) };
    const keep = (of: Store, name: string, during: () => Promise<unknown> = async () => {}) => {
      const { upkeep } = of;
      if (upkeep === undefined) throw new Error("no upkeep");
      const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + LATER_MS };
      const files = fileArchive(join(directory.path, name));
      const archive: Archive = {
        save: async (...run) => {
          await during();
          return await files.save(...run);
        },
      };
      return new Housekeeping({
        ...{ store: of, upkeep, clock, logger, archive, idle: () => Promise.resolve() },
        retention: { ...KEEP_30_DAYS, isArchived: true },
      });
    };
    const keepers = [keep(store, "a"), keep(other, "b")];
    await Promise.all(keepers.map((keeper) => keeper.round()));
    expect(keepers.reduce((sum, { removedRuns }) => sum + removedRuns, 0)).toBe(ids.length);
    for (const id of ids) {
      expect(await engine.get(context, id)).toBeNull();
      const files = ["a", "b"].map((name) =>
        join(directory.path, name, "default", `${id}.jsonl.gz`),
      );
      const there = files.filter((file) => existsSync(file));
      expect(there).not.toEqual([]);
      for (const file of there) {
        const lines = createInterface({ input: createReadStream(file).pipe(createGunzip()) });
        const archived = await openArchivedRun(lines, nodes, silent);
        const events = await archived.events(0, 1_000);
        expect({ events, state: await archived.state() }).toEqual(before.get(id));
      }
    }
    // The same run at once into one folder: what bears the name is one of the two, whole.
    const shared = join(directory.path, "shared");
    const long = Array.from({ length: 500 }, (_, at) => `${at} ${large.slice(0, 500)}`);
    const halting = async function* (pause: Promise<unknown>) {
      yield* long.slice(0, 250);
      await pause;
      yield* long.slice(250);
    };
    const second = Promise.withResolvers<void>();
    const first = fileArchive(shared).save(context, "both", halting(second.promise));
    await fileArchive(shared).save(context, "both", halting(Promise.resolve()));
    second.resolve();
    await first;
    const both = join(shared, "default", "both.jsonl.gz");
    const kept: string[] = [];
    const stream = createReadStream(both).pipe(createGunzip());
    for await (const line of createInterface({ input: stream })) kept.push(line);
    expect(kept.length).toBe(long.length);
    expect(readdirSync(join(shared, "default"))).toEqual(["both.jsonl.gz"]);

    // One that the other host removes under its hands: no half of it, and nothing to complain of.
    await engine.start(context, { workflow: report, id: "late" });
    await engine.wait(context, "late", DEADLINE_MS);
    const slow = keep(store, "a", async () => {
      await other.upkeep?.remove(context, "late", null);
      await other.upkeep?.purge(1_000);
    });
    await slow.round();
    expect(existsSync(join(directory.path, "a", "default", "late.jsonl.gz"))).toBe(false);
    expect([slow.removedRuns, slow.archivedRuns, logs]).toEqual([0, 0, []]);
    await engine.close(0);
    await store.close();
    await other.close();
  });
});
