/** The promises B1 to B3 of src/ports/blob-store.ts, for every adapter. */
import { hash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ALICE, BOB, type OpenFixture } from "./store-fixture.ts";

export function blobStoreContract(adapter: string, open: OpenFixture): void {
  describe(`blob store contract: ${adapter}`, () => {
    test("B1, B2 bytes come back as they went in, also after a restart", async () => {
      await using fixture = await open();
      const samples = [
        new Uint8Array(0),
        Buffer.from("repeated ".repeat(20_000)),
        randomBytes(100_000),
        Buffer.from("repeated ".repeat(200_000)),
        randomBytes(1_000_000),
        Buffer.from([0, 255, 0]),
      ];
      for (const bytes of samples)
        await fixture.store.blobs.put(ALICE, hash("sha256", bytes), bytes);
      const { blobs } = await fixture.reopen();
      for (const bytes of samples) {
        const found = await blobs.get(ALICE, hash("sha256", bytes));
        expect(found === null ? null : Buffer.from(found).equals(bytes)).toBe(true);
      }
      expect(await blobs.get(ALICE, hash("sha256", "never put"))).toBeNull();
    });

    test("B2 bytes that do not have the hash are refused", async () => {
      await using fixture = await open();
      const { blobs } = fixture.store;
      const name = hash("sha256", "one thing");
      await expect(blobs.put(ALICE, name, Buffer.from("another"))).rejects.toMatchObject({
        code: "request_invalid",
      });
      expect(await blobs.get(ALICE, name)).toBeNull();
    });

    test("B3 putting twice changes nothing, and a tenant sees only its own", async () => {
      await using fixture = await open();
      const { blobs } = fixture.store;
      const bytes = Buffer.from("x".repeat(70_000));
      const name = hash("sha256", bytes);
      await Promise.all([blobs.put(ALICE, name, bytes), blobs.put(ALICE, name, bytes)]);
      expect((await blobs.get(ALICE, name))?.byteLength).toBe(70_000);
      expect(await blobs.get(BOB, name)).toBeNull();
      await blobs.put(BOB, name, bytes);
      expect((await blobs.get(BOB, name))?.byteLength).toBe(70_000);
    });
  });
}
