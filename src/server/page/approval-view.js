/** What waits for a person: one card for each approval, with its comment, form data and the two buttons. */
import { element } from "/assets/element.js";
import { post } from "/assets/server.js";

/** Redraws only when something else is asked, so that a half-written comment stays. */
export function updateApprovals(root, approvals, path, page) {
  const key = JSON.stringify(approvals);
  if (root.dataset.key === key) return;
  root.dataset.key = key;
  root.replaceChildren(...approvals.map((approval) => approvalCard(approval, path, page)));
}

function approvalCard(approval, path, page) {
  const id = `comment-${approval.path}`;
  const comment = element("input", { id, type: "text", maxlength: "1000" });
  const form = approval.form === null ? null : element("textarea", { rows: "4" }, "{}");
  const said = element("p", { class: "error", role: "alert" });
  const decide = (verb) => async () => {
    said.textContent = "";
    try {
      const body = { path: approval.path };
      if (comment.value !== "") body.comment = comment.value;
      if (form !== null) body.form = formData(form.value);
      await post(`${path}/${verb}`, body);
    } catch (error) {
      said.textContent = error.message;
      if (error.status === 401) page.fail(error);
    }
  };
  return element(
    "section",
    { class: "ask", "aria-label": `Approval: ${approval.title}` },
    element("h2", {}, approval.title),
    approval.description === null ? null : element("p", {}, approval.description),
    form === null ? null : element("label", { class: "field" }, "Form data (JSON)", form),
    element("label", { class: "field", for: id }, "Comment (optional)", comment),
    said,
    element(
      "div",
      { class: "actions" },
      element(
        "button",
        { type: "button", class: "primary", onclick: decide("approve") },
        "Approve",
      ),
      element("button", { type: "button", onclick: decide("reject") }, "Reject"),
    ),
  );
}

/** Throws an error that says where the data is written, and what is wrong with it. */
function formData(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The form data is no JSON: ${error.message}`, { cause: error });
  }
}
