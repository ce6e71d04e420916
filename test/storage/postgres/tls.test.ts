/** TLS to PostgreSQL: a server with a certificate of its own making. */
import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { postgresForTests } from "./postgres-fixture.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl) process.stderr.write("SKIPPED: no openssl on this machine: TLS to PostgreSQL\n");

let certificate = "";

function makeCertificate(
  dataDir: string,
  owner: { readonly uid: number; readonly gid: number } | null,
): void {
  const [key, file] = [join(dataDir, "server.key"), join(dataDir, "server.crt")];
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  execFileSync(
    "openssl",
    ["req", "-x509", ...made, "-days", "30", ...names, "-keyout", key, "-out", file],
    { stdio: "ignore" },
  );
  if (owner !== null) for (const path of [key, file]) chownSync(path, owner.uid, owner.gid);
  certificate = readFileSync(file, "utf8");
}

const postgres = hasOpenssl
  ? postgresForTests({ settings: ["ssl=on"], prepare: makeCertificate })
  : null;

describe.skipIf(postgres === null)("TLS to PostgreSQL", () => {
  if (postgres === null) return;

  test("require encrypts, verify-full needs the authority, and says so without", async () => {
    await using database = await postgres.database();
    await using folder = await temporaryDirectory();
    const authority = join(folder.path, "authority.pem");
    writeFileSync(authority, certificate);
    const open = (query: string) => {
      const url = database.url.replace("127.0.0.1", "localhost");
      return openPostgresStore({ url: `${url}?${query}`, claim: "none", poolMax: 2 });
    };
    const trusting = `sslrootcert=${encodeURIComponent(authority)}`;
    for (const query of ["sslmode=require", `sslmode=verify-full&${trusting}`]) {
      const store = await open(query);
      const sessions = await database.query(
        "SELECT DISTINCT s.ssl FROM pg_stat_ssl AS s JOIN pg_stat_activity AS a USING (pid) WHERE a.application_name = 'lockstitch'",
      );
      expect(sessions, query).toEqual([{ ssl: true }]);
      await store.close();
    }
    for (const query of ["sslmode=verify-full", "sslmode=verify-ca"])
      await expect(open(query), query).rejects.toMatchObject({
        code: "config_invalid",
        message: expect.stringContaining("sslrootcert"),
      });
  });
});
