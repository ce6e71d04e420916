/**
 * What a step instance has logged: a panel that reads nothing until it is opened, then follows the
 * lines live. One is open at a time, because a browser keeps few streams to one server. A panel
 * stays itself while its step is drawn anew.
 */
import { element, setText } from "/assets/element.js";
import { stream } from "/assets/server.js";

const LINES_SHOWN = 500;
const AGAIN_MS = 1_000;

/** By run and step; those of the step that is shown. */
const panels = new Map();

/** Forgets, and no longer follows, the panels of every step of the run that is not shown. */
export function forgetLogs(runPath, isShown) {
  for (const [key, panel] of panels) {
    if (panel.runPath === runPath && isShown(panel.stepPath)) continue;
    panel.close();
    panels.delete(key);
  }
}

export function stepLog(step, runPath) {
  const key = `${runPath} ${step.path}`;
  let panel = panels.get(key);
  if (panel === undefined) {
    panel = newPanel(step.path, runPath);
    panels.set(key, panel);
  }
  panel.update(step);
  return panel.node;
}

function newPanel(stepPath, runPath) {
  const hint = element("p", { class: "hint" });
  const lines = element("ol", {
    class: "log-lines",
    tabindex: "0",
    "aria-label": `Log of ${stepPath}`,
    "aria-live": "off",
    hidden: true,
  });
  const node = element(
    "details",
    { class: "step-log", name: "step-log" },
    element("summary", {}, "Log"),
    hint,
    lines,
  );
  let aborter = null;
  let after = 0;
  let hasEnded = false;

  const add = (line) => {
    const isAtEnd = lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 8;
    lines.append(lineView(line));
    while (lines.childElementCount > LINES_SHOWN) lines.firstElementChild.remove();
    lines.hidden = false;
    hint.hidden = true;
    if (isAtEnd) lines.scrollTop = lines.scrollHeight;
  };
  const follow = async (signal) => {
    while (!signal.aborted) {
      try {
        const query = `step=${encodeURIComponent(stepPath)}&after=${after}`;
        for await (const frame of stream(`${runPath}/logs?${query}`, signal)) {
          if (frame.event === "end") {
            hasEnded = true;
            return;
          }
          after = frame.data.position;
          add(frame.data);
        }
      } catch {
        // Cut, or closed here: comes again from where it was.
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  };
  const close = () => {
    aborter?.abort();
    aborter = null;
  };
  node.addEventListener("toggle", () => {
    if (!node.open) return close();
    if (aborter !== null || hasEnded) return;
    aborter = new AbortController();
    void follow(aborter.signal);
  });
  return {
    ...{ node, stepPath, runPath, close },
    update(step) {
      const isOver = step.endedAt !== null;
      setText(hint, isOver ? "This step logged nothing." : "Nothing is logged yet.");
    },
  };
}

function lineView({ at, level, attempt, text, fields }) {
  return element(
    "li",
    { class: level },
    element("time", { datetime: at }, at.slice(11, 23)),
    ` ${level.toUpperCase()} `,
    attempt === 1 ? null : element("small", {}, `attempt ${attempt} `),
    text,
    fields === null ? null : element("small", {}, ` ${JSON.stringify(fields)}`),
  );
}
