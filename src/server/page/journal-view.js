/** The journal of a run, newest event first, at most ROWS_MAX rows; each row opens to the event. */
import { element } from "/assets/element.js";
import { timeText } from "/assets/status.js";

const ROWS_MAX = 300;

/** A view with `node` and `add(event)`. */
export function journalView() {
  const rows = element("ol", { class: "journal-rows", reversed: true });
  const waiting = [];
  let isScheduled = false;
  const flush = () => {
    isScheduled = false;
    rows.prepend(...waiting.splice(0).slice(-ROWS_MAX).toReversed().map(row));
    while (rows.childElementCount > ROWS_MAX) rows.lastElementChild.remove();
  };
  return {
    node: element(
      "section",
      { class: "journal", "aria-labelledby": "journal-title" },
      element("h2", { id: "journal-title" }, "Journal"),
      rows,
    ),
    add(event) {
      waiting.push(event);
      if (isScheduled) return;
      isScheduled = true;
      // Not an animation frame: those stop in a tab that is not in front.
      setTimeout(flush, 50);
    },
  };
}

function row(event) {
  const details = element(
    "details",
    {
      ontoggle: () => {
        if (details.open && details.childElementCount === 1)
          details.append(element("pre", { tabindex: "0" }, JSON.stringify(event.event, null, 2)));
      },
    },
    element(
      "summary",
      {},
      element("span", { class: "seq" }, String(event.seq)),
      element("time", { datetime: event.at }, timeText(event.at)),
      element(
        "span",
        { class: "what" },
        element("span", { class: `type ${kindOf(event.type)}` }, event.type),
        " ",
        event.path === null ? null : element("code", {}, event.path),
      ),
    ),
  );
  return element("li", {}, details);
}

function kindOf(type) {
  if (type.endsWith("failed") || type.endsWith("lost")) return "bad";
  if (type.endsWith("succeeded")) return "good";
  return "";
}
