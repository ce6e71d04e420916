/** What every adapter of the Secrets port promises (S1-S6 of src/ports/secrets.ts). */
import { describe, expect, test } from "vitest";
import type { Secrets } from "#ports/secrets.ts";

export interface SecretsFixture extends AsyncDisposable {
  readonly secrets: Secrets;
  /** null takes it away. */
  set(name: string, value: string | null): void;
  /** Makes the source unreadable; null where it cannot be. */
  readonly damage: (() => void) | null;
}

const CANARY = "a-value-that-no-message-shows";

export function secretsContract(name: string, open: () => Promise<SecretsFixture>): void {
  describe(`secrets contract: ${name}`, () => {
    test("S1 a change is seen by the next call", async () => {
      await using fixture = await open();
      const { secrets } = fixture;
      fixture.set("TOKEN", "first-value");
      expect((await secrets.resolve("default", "TOKEN"))?.value).toBe("first-value");
      fixture.set("TOKEN", "second-value");
      expect((await secrets.resolve("default", "TOKEN"))?.value).toBe("second-value");
      fixture.set("TOKEN", null);
      expect(await secrets.resolve("default", "TOKEN")).toBeNull();
    });

    test("S2 another value has another version, which does not hold it", async () => {
      await using fixture = await open();
      const versions = new Set<string>();
      for (const value of [CANARY, "other-value", "third-value"]) {
        fixture.set("TOKEN", value);
        const secret = await fixture.secrets.resolve("default", "TOKEN");
        expect(secret?.version).not.toContain(value);
        expect(fixture.secrets.version("default", "TOKEN")).toBe(secret?.version);
        versions.add(secret?.version ?? "");
      }
      expect(versions.size).toBe(3);
    });

    test("S3 a name that is not there is null", async () => {
      await using fixture = await open();
      fixture.set("TOKEN", "some-value");
      for (const other of ["OTHER", "TOKE", "TOKEN_2", "", "../TOKEN", "__proto__", "constructor"])
        expect(await fixture.secrets.resolve("default", other)).toBeNull();
    });

    test("S4 another tenant sees nothing", async () => {
      await using fixture = await open();
      fixture.set("TOKEN", "some-value");
      expect(await fixture.secrets.resolve("other", "TOKEN")).toBeNull();
      expect(fixture.secrets.version("other", "TOKEN")).toBeNull();
      expect(await fixture.secrets.list("other")).toEqual([]);
    });

    test("names are listed, sorted", async () => {
      await using fixture = await open();
      for (const each of ["ZED", "ALPHA", "M_1"]) fixture.set(each, "some-value");
      expect(await fixture.secrets.list("default")).toEqual(["ALPHA", "M_1", "ZED"]);
      expect(fixture.secrets.places("default", "ALPHA").join()).toContain("ALPHA");
    });

    test("S5, S6 a source that cannot be read rejects without telling values", async () => {
      await using fixture = await open();
      if (fixture.damage === null) return;
      fixture.set("TOKEN", CANARY);
      await fixture.secrets.resolve("default", "TOKEN");
      fixture.damage();
      const failure = await fixture.secrets.resolve("default", "TOKEN").catch((error) => error);
      expect(failure).toMatchObject({ code: "secrets_unreadable" });
      expect(`${failure.stack} ${JSON.stringify(failure)}`).not.toContain(CANARY);
      expect(fixture.secrets.version("default", "TOKEN")).toBeNull();
    });
  });
}
