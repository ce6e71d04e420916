/** A chosen step: its instances with status, attempts, duration, error and output. */
import { element } from "/assets/element.js";
import { forgetLogs, stepLog } from "/assets/log-view.js";
import { get } from "/assets/server.js";
import { durationText, elapsedMs, progressText } from "/assets/status.js";
import { stepActions } from "/assets/step-actions.js";

const INSTANCES_SHOWN = 20;

/** Shows the instances of the step at `selected` in `root`; hides it where nothing is chosen. */
export async function updateDetails(root, graph, selected, path, page) {
  const node = graph.nodes.find((one) => one.path === selected);
  root.hidden = node === undefined;
  forgetLogs(path, (stepPath) => withoutItems(stepPath) === selected);
  if (node === undefined) return;
  const key = JSON.stringify(node);
  if (root.dataset.key === key) return;
  root.dataset.key = key;
  try {
    const { steps } = await get(`${path}/state`);
    const pattern = steps
      .filter((step) => withoutItems(step.path) === selected)
      .slice(0, INSTANCES_SHOWN);
    const focused = root.contains(document.activeElement)
      ? document.activeElement.dataset.focus
      : undefined;
    root.replaceChildren(
      element("h2", {}, node.id, element("small", {}, ` ${node.uses}`)),
      ...(pattern.length === 0
        ? [element("p", { class: "hint" }, "This step has not been reached yet.")]
        : pattern.map((step) => instance(step, path, page))),
    );
    // A step that changes every second must not take the button from under who works by keyboard.
    if (focused !== undefined) root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  } catch (error) {
    page.fail(error);
  }
}

function withoutItems(path) {
  return path.replaceAll(/([\w\]])(?:#\d+|@\d+|\[(?:\d+|"(?:[^"\\]|\\.)*")\])+/g, "$1");
}

function instance(step, path, page) {
  const tookMs = elapsedMs(step.startedAt, step.endedAt);
  const attempts = `${step.attempts} ${step.attempts === 1 ? "attempt" : "attempts"}`;
  const line = [step.status, step.memo === null ? attempts : `from memo (run ${step.memo.runId})`];
  if (tookMs !== null) line.push(durationText(tookMs));
  if (step.progress !== undefined) line.push(progressText(step.progress));
  return element(
    "div",
    { class: "instance" },
    element("p", {}, element("code", {}, step.path), ` ${line.join(" · ")}`),
    stepActions(step, path, page),
    step.error === null
      ? null
      : element("p", { class: "error" }, `${step.error.code}: ${step.error.message}`),
    step.output === null
      ? null
      : element("pre", { tabindex: "0" }, JSON.stringify(step.output, null, 2)),
    step.attempts === 0 ? null : stepLog(step, path),
  );
}
