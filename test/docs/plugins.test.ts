/** docs/plugins.md shows the example as it stands, which test/examples runs, and every field of an entry. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parsePluginEntries } from "#plugins/plugin-entry.ts";

const page = readFileSync("docs/plugins.md", "utf8");

test("the plugin and the configuration are those of the example", () => {
  for (const file of ["weather/plugin.ts", "lockstitch.config.ts"])
    expect(page).toContain(`\`\`\`ts\n${readFileSync(`examples/plugin/${file}`, "utf8")}\`\`\``);
});

test("the table of an entry has its fields and their defaults", () => {
  const [entry] = parsePluginEntries("./a", "/").entries;
  const { base: _, allow: __, ...defaults } = entry ?? { base: "", allow: "" };
  const section = page.slice(page.indexOf("| field |"), page.indexOf("Permissions:"));
  const rows = [...section.matchAll(/^\| `(\w+)` \| ([^|]*) \|/gm)].map(([, name, value]) => [
    name,
    value?.trim(),
  ]);
  expect(rows.map(([name]) => name)).toEqual(
    expect.arrayContaining([...Object.keys(defaults), "allow", "key"]),
  );
  for (const [name = "", value] of rows)
    if (typeof Reflect.get(defaults, name) === "number" || name === "sealed")
      expect(value, name).toBe(String(Reflect.get(defaults, name)));
});
