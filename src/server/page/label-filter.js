/**
 * Which runs the list shows: those that carry all labels of a text such as `team=blue size=xl`. The
 * text stands in the address (`?label=team=blue`), so that a filtered page can be kept and sent on.
 */

const APPLY_AFTER_MS = 250;

/** The labels of a text, none for an empty one; null: it is not made of name=value. */
export function parseLabels(text) {
  const pairs = text.split(/\s+/).filter((pair) => pair !== "");
  if (!pairs.every((pair) => pair.indexOf("=") > 0)) return null;
  return pairs.map((pair) => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}

export function hasLabels(run, labels) {
  return labels.every(
    ([name, value]) => Object.hasOwn(run.labels, name) && run.labels[name] === value,
  );
}

/** `&label=...` for a list of runs. */
export function labelQuery(labels) {
  return labels.map(([name, value]) => `&label=${encodeURIComponent(`${name}=${value}`)}`).join("");
}

/** Calls back with the labels of the address now, and whenever the field says others. */
export function watchLabels({ form, field, hint }, apply) {
  const params = new URLSearchParams(location.search);
  field.value = params.getAll("label").join(" ");
  let applied = null;
  let timer = 0;
  const read = () => {
    clearTimeout(timer);
    const labels = parseLabels(field.value);
    hint.hidden = labels !== null;
    if (labels === null) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    if (labels === null || JSON.stringify(labels) === applied) return;
    applied = JSON.stringify(labels);
    const query = labelQuery(labels).slice(1);
    history.replaceState(
      null,
      "",
      `${location.pathname}${query === "" ? "" : `?${query}`}${location.hash}`,
    );
    apply(labels);
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(read, APPLY_AFTER_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    read();
  });
  read();
}
