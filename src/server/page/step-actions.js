/** What an operator may do to a step: small buttons beside it, and one dialog that asks why. */
import { element } from "/assets/element.js";
import { post } from "/assets/server.js";

const ACTIONS = {
  retry: { label: "Retry now", asks: null, when: new Set(["running", "retrying"]) },
  skip: { label: "Skip", asks: null },
  complete: { label: "Complete", asks: "Output (JSON)" },
  fail: { label: "Fail", asks: "Error message" },
};
const SETTLED = new Set(["succeeded", "failed", "skipped", "blocked", "cancelled"]);

/** The buttons for a step instance; null for one that has settled or is not there yet. */
export function stepActions(step, path, page) {
  if (SETTLED.has(step.status) || step.status === "pending") return null;
  const offered = Object.entries(ACTIONS).filter(([, { when }]) => when?.has(step.status) ?? true);
  return element(
    "div",
    { class: "actions step-actions", role: "group", "aria-label": `Decide about ${step.path}` },
    offered.map(([action, { label }]) =>
      element(
        "button",
        {
          type: "button",
          "data-focus": `${action} ${step.path}`,
          onclick: () => ask(action, step, path, page),
        },
        label,
      ),
    ),
  );
}

function ask(action, step, path, page) {
  const { label, asks } = ACTIONS[action];
  const reason = element("input", { type: "text", maxlength: "2000", autocomplete: "off" });
  const value = asks === null ? null : element("textarea", { rows: "3" });
  const said = element("p", { class: "error", role: "alert" });
  const close = () => dialog.close();
  const submit = async (event) => {
    event.preventDefault();
    try {
      await post(
        `${path}/steps/${encodeURIComponent(step.path)}/${action}`,
        bodyOf(action, reason.value, value?.value ?? ""),
      );
      close();
    } catch (error) {
      said.textContent = error.message;
      if (error.status === 401) page.fail(error);
    }
  };
  const dialog = element(
    "dialog",
    {
      class: "step-dialog",
      "aria-label": `${label}: ${step.path}`,
      onclose: () => dialog.remove(),
    },
    element(
      "form",
      { onsubmit: submit },
      element("h2", {}, label, " ", element("code", {}, step.path)),
      value === null ? null : element("label", { class: "field" }, asks, value),
      element("label", { class: "field" }, "Reason (journaled)", reason),
      said,
      element(
        "div",
        { class: "actions" },
        element("button", { type: "submit", class: "primary" }, label),
        element("button", { type: "button", onclick: close }, "Leave it"),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  (value ?? reason).focus();
}

/** Throws where the output is no JSON. */
function bodyOf(action, reason, value) {
  const body = { id: crypto.randomUUID() };
  if (reason !== "") body.reason = reason;
  if (action === "fail" && value !== "") body.message = value;
  if (action === "complete" && value.trim() !== "") body.output = JSON.parse(value);
  return body;
}
