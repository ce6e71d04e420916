/**
 * One run on the page: head with controls, what it waits for, the graph, a chosen step, the
 * journal. Everything shown is read from the server again after events; nothing is guessed here.
 */

import { updateApprovals } from "/assets/approval-view.js";
import { element, setText } from "/assets/element.js";
import { graphView } from "/assets/graph-view.js";
import { journalView } from "/assets/journal-view.js";
import { updateViews } from "/assets/output-view.js";
import { get, post, stream } from "/assets/server.js";
import { durationText, elapsedMs, signOf, TERMINAL } from "/assets/status.js";
import { updateDetails } from "/assets/step-view.js";

/** Events shown when a run is opened; older ones are in the API. */
const EVENTS_SHOWN = 200;
const REFRESH_MIN_MS = 120;

/** Shows `runId` in `root` until `signal` aborts. `page` is { demo, fail(error), open(runId), reconnected }. */
export async function showRun(root, runId, page, signal) {
  const view = runParts(runId, page);
  const path = `/runs/${encodeURIComponent(runId)}`;
  let seq = 0;
  let isOver = false;
  const refresh = refresher(async () => {
    const [graph, explain, progress, approvals, run] = await Promise.all([
      get(`${path}/graph`),
      get(`${path}/explain`),
      get(`${path}/progress`),
      get(`/approvals?runId=${encodeURIComponent(runId)}`),
      get(path),
    ]);
    if (signal.aborted) return;
    isOver = TERMINAL.has(run.status);
    view.update({ run, graph, explain, progress, approvals: approvals.items });
  }, page.fail);
  const first = await get(path);
  if (signal.aborted) return;
  root.replaceChildren(view.node);
  seq = Math.max(0, first.seq - EVENTS_SHOWN);
  refresh();
  const ticking = setInterval(() => !isOver && view.tick(), 1_000);
  signal.addEventListener("abort", () => clearInterval(ticking));
  while (!signal.aborted) {
    try {
      for await (const { event, data } of stream(`${path}/stream?after=${seq}`, signal)) {
        page.reconnected();
        refresh();
        if (event === "end") return;
        if (data.seq <= seq) continue;
        seq = data.seq;
        view.journal.add(data);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error.code === "run_not_found") throw error;
    }
    await page.lost();
    refresh();
  }
}

/** Calls `work` soon after it is asked for, never twice at once, and slower when it is slow. */
function refresher(work, fail) {
  let isAsked = false;
  let isWorking = false;
  const step = async () => {
    isWorking = true;
    while (isAsked) {
      isAsked = false;
      const before = performance.now();
      await work().catch(fail);
      const pauseMs = Math.max(REFRESH_MIN_MS, 3 * (performance.now() - before));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    isWorking = false;
  };
  return () => {
    isAsked = true;
    if (!isWorking) void step();
  };
}

function runParts(runId, page) {
  const act = (path, body) => async () => {
    try {
      return await post(path, body);
    } catch (error) {
      page.fail(error);
    }
  };
  const path = `/runs/${encodeURIComponent(runId)}`;
  const title = element("h1");
  const badge = element("span", { class: "badge" });
  const facts = element("p", { class: "facts" });
  const bar = element("progress", { max: "1", value: "0", "aria-label": "Steps settled" });
  const counts = element("span", { class: "counts" });
  const explain = element("p", { class: "explain", "aria-live": "polite" });
  const chain = element("p", { class: "facts", hidden: true });
  const asks = element("div", { class: "asks" });
  const buttons = controls(act, path, page);
  const details = element("section", { class: "details", "aria-live": "polite" });
  const result = element("section", { class: "result", "aria-labelledby": "result-title" });
  const views = element("section", {
    class: "views",
    "aria-labelledby": "views-title",
    hidden: true,
  });
  const journal = journalView();
  let selected = null;
  let latest = null;
  const graph = graphView((chosen) => {
    selected = selected === chosen ? null : chosen;
    if (latest !== null) update(latest);
  });

  function update(state) {
    latest = state;
    const { run, progress } = state;
    document.title = `${signOf(run.status)} ${run.workflow} – Lockstitch`;
    setText(title, run.workflow);
    badge.className = `badge ${run.status}`;
    setText(badge, `${signOf(run.status)} ${run.status}`);
    bar.max = Math.max(1, progress.total);
    bar.value = progress.settled;
    const failed = progress.failed > 0 ? `, ${progress.failed} failed` : "";
    setText(counts, `${progress.settled} of ${progress.total} known steps settled${failed}`);
    setText(explain, [state.explain.sentence, ...run.warnings].join(" "));
    updateChain(chain, run);
    const isOver = TERMINAL.has(run.status);
    buttons.pause.hidden = isOver || run.status === "paused";
    buttons.resume.hidden = run.status !== "paused";
    buttons.cancel.hidden = isOver;
    buttons.rerun.hidden = !isOver;
    demo.hidden = isOver;
    graph.update(state.graph, selected);
    updateApprovals(asks, state.approvals, path, page);
    updateDetails(details, state.graph, selected, path, page);
    updateResult(result, run);
    updateViews(views, state.graph, path, page);
    tick();
  }

  function tick() {
    if (latest === null) return;
    const { run } = latest;
    const tookMs = elapsedMs(run.startedAt, run.endedAt);
    const took = tookMs === null ? "not started yet" : durationText(tookMs);
    setText(facts, `${run.id} · version ${run.version} · ${took}`);
    graph.update(latest.graph, selected);
  }

  const demo = page.demo ? demoPanel(act) : element("div", { hidden: true });
  const head = { title, badge, buttons, facts, chain, bar, counts, explain, asks, demo };
  const node = arranged(head, graph.node, details, views, result, journal.node);
  return { node, update, tick, journal };
}

function arranged(head, graph, details, views, result, journal) {
  return element(
    "div",
    { class: "run" },
    element(
      "div",
      { class: "run-head" },
      element("div", { class: "run-title" }, head.title, head.badge),
      element("div", { class: "actions" }, Object.values(head.buttons)),
      head.facts,
      head.chain,
      element("div", { class: "progress" }, head.bar, head.counts),
      head.explain,
    ),
    element("section", { class: "graph-card", "aria-label": "Graph" }, graph, details),
    views,
    element(
      "div",
      { class: "beside" },
      element("div", { class: "turn" }, head.asks, head.demo),
      element("div", { class: "side" }, result, journal),
    ),
  );
}

function controls(act, path, page) {
  return {
    pause: button("Pause", act(`${path}/pause`)),
    resume: button("Resume", act(`${path}/resume`)),
    cancel: button("Cancel", act(`${path}/cancel`), "quiet"),
    rerun: button("Run again", async () => {
      const run = await act(`${path}/rerun`)();
      if (run !== undefined) page.open(run.id);
    }),
  };
}

function button(label, onclick, kind = "") {
  return element("button", { type: "button", class: kind, onclick, hidden: true }, label);
}

function demoPanel(act) {
  const said = element("p", { class: "hint", role: "status" });
  const press = (label, path, words) => {
    const one = button(label, async () => {
      await act(path, {})();
      setText(said, words);
    });
    one.hidden = false;
    return one;
  };
  return element(
    "div",
    { class: "demo", role: "group", "aria-label": "Break it" },
    element("h2", {}, "Break it, and watch it go on"),
    press("Fail a step", "/demo/fail-next", "The next attempt fails; its retry is durable."),
    press(
      "Kill the process",
      "/demo/kill",
      "Killed with SIGKILL. The run goes on from its journal.",
    ),
    said,
  );
}

/** Ways to the runs that this one continues, and that continues it. */
function updateChain(root, { continuedFrom, continuedTo }) {
  const key = JSON.stringify([continuedFrom, continuedTo]);
  if (root.dataset.key === key) return;
  root.dataset.key = key;
  root.hidden = continuedFrom === null && continuedTo === null;
  const link = (runId) => element("a", { href: `#run=${encodeURIComponent(runId)}` }, runId);
  root.replaceChildren(
    ...(continuedFrom === null ? [] : ["continues ", link(continuedFrom), " "]),
    ...(continuedTo === null ? [] : ["goes on as ", link(continuedTo)]),
  );
}

function updateResult(root, run) {
  const key = JSON.stringify([run.output, run.error]);
  if (root.dataset.key === key) return;
  root.dataset.key = key;
  root.hidden = run.output === null && run.error === null;
  root.replaceChildren(
    element("h2", { id: "result-title" }, run.error === null ? "Output" : "Error"),
    run.error === null
      ? element("pre", { tabindex: "0" }, JSON.stringify(run.output, null, 2))
      : element("p", { class: "error" }, `${run.error.code}: ${run.error.message}`),
  );
}
