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
  const decide = (verb) => async () => {
    try {
      const body = { path: approval.path };
      if (comment.value !== "") body.comment = comment.value;
      if (form !== null) body.form = JSON.parse(form.value);
      await post(`${path}/${verb}`, body);
    } catch (error) {
      page.fail(error);
    }
  };
  return element(
    "section",
    { class: "ask", "aria-label": `Approval: ${approval.title}` },
    element("h2", {}, approval.title),
    approval.description === null ? null : element("p", {}, approval.description),
    form === null ? null : element("label", { class: "field" }, "Form data (JSON)", form),
    element("label", { class: "field", for: id }, "Comment (optional)", comment),
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
