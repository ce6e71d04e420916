/**
 * The live page: which runs there are, one run shown, and whether the server is there. It goes
 * on by itself when the server restarts, and says what the server continued.
 */
import { element, setAttribute, setText } from "/assets/element.js";
import { hasLabels, labelQuery, watchLabels } from "/assets/label-filter.js";
import { showRun } from "/assets/run-view.js";
import { showSchedules } from "/assets/schedules-view.js";
import { get, setApiKey, stream } from "/assets/server.js";
import { durationText, elapsedMs, signOf, TERMINAL, timeText } from "/assets/status.js";

const RUNS_SHOWN = 12;
const RETRY_MS = 500;
const NOTICE_MS = 12_000;
/** The address of the list of schedules; no run's id begins like it. */
const SCHEDULES = "#schedules";

const connection = document.getElementById("connection");
const notice = document.getElementById("notice");
const list = document.getElementById("runs");
const main = document.getElementById("run");
const schedulesLink = document.getElementById("schedules-link");

const runs = new Map();
/** Labels that runs of the list carry, as pairs. */
let labels = [];
let engine = null;
let shown = null;
let showing = new AbortController();
/** Set while the server is away; resolves when it is back. */
let absence = null;

const page = {
  get demo() {
    return engine?.demo === true;
  },
  fail(error) {
    if (error.status === 401) askForKey();
    else if (error.status !== undefined) say(error.message, "bad");
  },
  open(runId) {
    location.hash = `run=${encodeURIComponent(runId)}`;
  },
  reconnected() {
    setConnection("live");
  },
  lost,
};

async function start() {
  await connect();
  watchFilter();
  await readRuns();
  window.addEventListener("hashchange", () => void showChosen());
  await showChosen();
  void followRuns();
}

/** The filter of the address is known at once; another one reads the list again. */
function watchFilter() {
  let isFirst = true;
  const parts = {
    form: document.getElementById("filter"),
    field: document.getElementById("labels"),
    hint: document.getElementById("labels-hint"),
  };
  watchLabels(parts, (wanted) => {
    labels = wanted;
    if (!isFirst) void readRuns().then(showChosen).catch(page.fail);
    isFirst = false;
  });
}

async function connect() {
  const found = await get("/engine");
  const isRestart = engine !== null && engine.startedAt !== found.startedAt;
  engine = found;
  setConnection("live");
  if (isRestart) say(continuedText(found.continuedRuns), "good");
}

function continuedText(count) {
  if (count === 0) return "The server restarted.";
  return `The server restarted and continued ${count} ${count === 1 ? "run" : "runs"} from the journal.`;
}

/** Waits until the server answers again. Callers share one wait. */
function lost() {
  absence ??= (async () => {
    while (true) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      try {
        await connect();
        absence = null;
        return;
      } catch (error) {
        page.fail(error);
        setConnection("away");
      }
    }
  })();
  return absence;
}

async function readRuns() {
  const wanted = labels;
  const { items } = await get(`/runs?limit=${RUNS_SHOWN}${labelQuery(wanted)}`);
  // Another filter has been set meanwhile, and reads for itself.
  if (wanted !== labels) return;
  for (const run of [...runs.values()]) if (!hasLabels(run, labels)) runs.delete(run.id);
  for (const run of items) runs.set(run.id, run);
  drawRuns();
}

async function followRuns() {
  while (true) {
    try {
      for await (const { event, data } of stream("/stream")) {
        if (event === "overflow") await readRuns();
        else if (!hasLabels(data, labels)) {
          // It has lost a label: an older run may take its place.
          if (runs.delete(data.id)) await readRuns();
        } else {
          const isNew = !runs.has(data.id);
          runs.set(data.id, data);
          drawRuns();
          if (isNew && shown === null) await showChosen();
        }
      }
    } catch (error) {
      page.fail(error);
    }
    await lost();
    await readRuns().catch(page.fail);
  }
}

function newestRuns() {
  const sorted = [...runs.values()].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  for (const old of sorted.splice(RUNS_SHOWN)) if (old.id !== shown) runs.delete(old.id);
  return sorted;
}

function drawRuns() {
  const listed = newestRuns();
  if (listed.length === 0 && labels.length > 0) {
    list.replaceChildren(element("li", { class: "none" }, "No run has these labels."));
    return;
  }
  list.replaceChildren(
    ...listed.map((run) => {
      const tookMs = elapsedMs(run.startedAt, run.endedAt);
      const isOver = tookMs !== null && run.endedAt !== null;
      const when = isOver ? durationText(tookMs) : timeText(run.createdAt);
      return element(
        "li",
        {},
        element(
          "a",
          {
            href: `#run=${encodeURIComponent(run.id)}`,
            "aria-current": run.id === shown ? "true" : null,
          },
          element(
            "span",
            { class: `sign ${run.status}`, "aria-hidden": "true" },
            signOf(run.status),
          ),
          element("span", { class: "run-name" }, run.workflow),
          element("span", { class: "run-line" }, `${run.status} · ${when}`),
        ),
      );
    }),
  );
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    // Somebody has typed it, and it is no percent-encoded text: then it is the id as it stands.
    return text;
  }
}

/** The run of the address, else the newest that is open, else the newest. */
function chosenRun() {
  const named = /^#run=(.+)$/.exec(location.hash)?.[1];
  if (named !== undefined) return decoded(named);
  const newest = newestRuns().filter((run) => run.parentRunId === null);
  return (newest.find((run) => !TERMINAL.has(run.status)) ?? newest[0])?.id ?? null;
}

async function showChosen() {
  const isSchedules = location.hash === SCHEDULES;
  const runId = isSchedules ? SCHEDULES : chosenRun();
  if (runId !== null && runId === shown) return;
  showing.abort();
  showing = new AbortController();
  shown = runId;
  drawRuns();
  setAttribute(schedulesLink, "aria-current", isSchedules ? "page" : null);
  if (isSchedules) return void showSchedules(main, page, showing.signal);
  if (runId === null) {
    main.replaceChildren(labels.length === 0 ? emptyState() : noMatch());
    return;
  }
  showRun(main, runId, page, showing.signal).catch((error) => {
    if (error.code !== "run_not_found") return page.fail(error);
    main.replaceChildren(element("p", { class: "hint" }, `There is no run ${runId} here.`));
  });
}

function noMatch() {
  const text = labels.map((pair) => pair.join("=")).join(" ");
  return element(
    "section",
    { class: "empty" },
    element("h1", {}, `No run has ${text}`),
    element("p", {}, "Runs that get these labels appear here."),
  );
}

function emptyState() {
  const origin = location.origin;
  const commands = [
    ["Run an example", "npx lockstitch run examples/fan-out/fan-out.workflow.yaml"],
    [
      "Or start one over HTTP",
      `curl ${origin}/api/v1/runs -H 'content-type: application/json' -d '{"workflow":{"language":1,"name":"hello","steps":[{"id":"wait","uses":"wait.for","with":{"duration":"5s"}}]}}'`,
    ],
    ["See what there is", "npx lockstitch runs list"],
  ];
  return element(
    "section",
    { class: "empty" },
    element("h1", {}, "Nothing has run yet"),
    element("p", {}, "Start a run and it appears here, step by step."),
    ...commands.flatMap(([label, command]) => [
      element("h2", {}, label),
      element(
        "div",
        { class: "command" },
        element("pre", { tabindex: "0" }, command),
        element(
          "button",
          {
            type: "button",
            "aria-label": `Copy: ${label}`,
            onclick: async (event) => {
              await navigator.clipboard.writeText(command);
              setText(event.target, "Copied");
            },
          },
          "Copy",
        ),
      ),
    ]),
  );
}

function setConnection(state) {
  const words = { live: "live", away: "server away, trying again" };
  connection.className = `connection ${state}`;
  setText(connection, words[state]);
}

let noticeTimer = 0;
function say(text, kind) {
  clearTimeout(noticeTimer);
  notice.hidden = false;
  notice.className = `notice ${kind}`;
  setText(notice, text);
  noticeTimer = setTimeout(() => {
    notice.hidden = true;
  }, NOTICE_MS);
}

function askForKey() {
  const dialog = document.getElementById("key-dialog");
  if (dialog.open) return;
  document.getElementById("key-form").onsubmit = () => {
    setApiKey(document.getElementById("key").value);
    location.reload();
  };
  dialog.showModal();
}

start().catch(async (error) => {
  page.fail(error);
  if (error.status === 401) return;
  await lost();
  location.reload();
});
