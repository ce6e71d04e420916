/** Approvals: what waits for a person, and the person's decision. */
import { RunJson, runToJson } from "#client/wire/run.ts";
import { ApprovalQuery, DecisionBody, labelsOf } from "#client/wire/run-requests.ts";
import { ApprovalListJson, approvalToJson } from "#client/wire/workflow.ts";
import type { Engine } from "#engine/engine.ts";
import { defineRoute, type Route, RunParams } from "../route.ts";

export function approvalRoutes(engine: Engine): readonly Route[] {
  return [listRoute(engine), decideRoute(engine, "approve"), decideRoute(engine, "reject")];
}

function listRoute(engine: Engine): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/approvals",
    operationId: "listApprovals",
    tag: "approvals",
    summary: "List what waits for a decision",
    description: "`label` (`name=value`) may be given several times.",
    query: ApprovalQuery,
    responses: { 200: ApprovalListJson },
    async handler({ query, context }) {
      const { label } = query;
      const filter = label === undefined ? {} : { labels: labelsOf(label) };
      const all = await engine.approvals(context, filter);
      const items = all.filter((one) => query.runId === undefined || one.runId === query.runId);
      return { status: 200, body: { items: items.map(approvalToJson) } };
    },
  });
}

function decideRoute(engine: Engine, verb: "approve" | "reject"): Route {
  return defineRoute({
    method: "POST",
    path: `/api/v1/runs/{id}/${verb}`,
    operationId: `${verb}Step`,
    tag: "approvals",
    summary: verb === "approve" ? "Approve a waiting step" : "Reject a waiting step",
    params: RunParams,
    body: DecisionBody,
    responses: { 200: RunJson },
    errors: ["run_not_found", "step_not_found", "not_waiting", "run_terminal", "input_invalid"],
    async handler({ params, body, context }) {
      const run = await engine.decideApproval(context, params.id, body.path, {
        approved: verb === "approve",
        comment: body.comment,
        form: body.form,
      });
      return { status: 200, body: runToJson(run) };
    },
  });
}
