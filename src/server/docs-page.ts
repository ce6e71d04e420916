/** `/docs`: the OpenAPI document as one readable page. No script, nothing from elsewhere. */
import type { OpenApiDocument, OpenApiOperation } from "./open-api.ts";

/** HTML of the whole document. */
export function docsPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.map(({ operation }) => operation.tags[0] ?? "other"))];
  const sections = tags.map((tag) => {
    const rows = operations.filter(({ operation }) => operation.tags[0] === tag);
    return html`<section><h2 id="${anchor(tag)}">${tag}</h2>${raw(rows.map(operationHtml).join(""))}</section>`;
  });
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      html`<details id="schema-${name}"><summary><code>${name}</code></summary><pre>${JSON.stringify(schema, null, 2)}</pre></details>`,
  );
  const menu = tags.map((tag) => html`<li><a href="#${anchor(tag)}">${tag}</a></li>`);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lockstitch HTTP API</title>
<link rel="stylesheet" href="/assets/docs.css">
</head>
<body>
<header><h1>Lockstitch HTTP API</h1>
<p>${document.info.description}</p>
<p>Version ${document.info.version} · <a href="/openapi.json">openapi.json</a> · <a href="/">live page</a></p>
<nav aria-label="Resources"><ul>${raw(menu.join(""))}<li><a href="#schemas">schemas</a></li></ul></nav></header>
<main>${raw(sections.join(""))}<section><h2 id="schemas">schemas</h2>${raw(schemas.join(""))}</section></main>
</body>
</html>
`;
}

function operationHtml(entry: {
  readonly path: string;
  readonly method: string;
  readonly operation: OpenApiOperation;
}): string {
  const { path, method, operation } = entry;
  const parameters = operation.parameters.map(
    (one) =>
      html`<tr><th scope="row"><code>${String(one["name"])}</code></th><td>${String(one["in"])}${one["required"] === true ? ", required" : ""}</td><td>${parameterText(one)}</td></tr>`,
  );
  const body = operation.requestBody?.["content"] as Content | undefined;
  const answers = Object.entries(operation.responses);
  const responses = answers
    .filter(([status]) => status.startsWith("2"))
    .map(
      ([status, response]) =>
        html`<tr><th scope="row">${status}</th><td>${raw(contentHtml(response["content"] as Content | undefined))}</td></tr>`,
    );
  const errors = answers
    .filter(([status]) => !status.startsWith("2"))
    .map(([status, response]) => `${status} ${String(response["description"])}`);
  return html`<article id="${operation.operationId}">
<h3><span class="method ${method}">${method.toUpperCase()}</span> <code>${path}</code></h3>
<p>${operation.summary}.${operation.description === undefined ? "" : ` ${operation.description}`}</p>
${raw(parameters.length === 0 ? "" : html`<table><caption>Parameters</caption><tbody>${raw(parameters.join(""))}</tbody></table>`)}
${raw(body === undefined ? "" : html`<p>Body: ${raw(contentHtml(body))}</p>`)}
<table><caption>Answers</caption><tbody>${raw(responses.join(""))}</tbody></table>
<p class="errors">Errors: ${errors.join(" · ")}</p>
</article>`;
}

type Content = Readonly<Record<string, { readonly schema: Readonly<Record<string, unknown>> }>>;

function contentHtml(content: Content | undefined): string {
  if (content === undefined) return "";
  const schema = Object.values(content)[0]?.schema["$ref"];
  const types = Object.keys(content).join(", ");
  if (typeof schema !== "string") return html`<span>${types}</span>`;
  const name = schema.slice(schema.lastIndexOf("/") + 1);
  return html`<a href="#schema-${name}">${name}</a> <small>${types}</small>`;
}

function parameterText(parameter: Readonly<Record<string, unknown>>): string {
  const schema = (parameter["schema"] ?? {}) as { description?: string; default?: unknown };
  const description = parameter["description"] ?? schema.description ?? "";
  const fallback =
    schema.default === undefined ? "" : ` Default ${JSON.stringify(schema.default)}.`;
  return `${String(description)}${fallback}`;
}

function anchor(text: string): string {
  return text.replaceAll(/[^a-z]+/g, "-");
}

class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function raw(text: string): Raw {
  return new Raw(text);
}

/** A template whose values are escaped unless they are raw(). */
function html(parts: TemplateStringsArray, ...values: readonly (string | Raw)[]): string {
  return parts.reduce((text, part, index) => {
    const value = values[index - 1] ?? "";
    return text + (value instanceof Raw ? value.text : escapeHtml(value)) + part;
  });
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
