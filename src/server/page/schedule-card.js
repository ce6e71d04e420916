/**
 * One schedule, event or webhook of the list: how it does, when it comes next, what came of it, and
 * what an operator may do. Made once and then only told what has changed, so that nobody loses the
 * button that has the focus, or what is unfolded.
 */
import { element, setText } from "/assets/element.js";
import { fromNowText, ownText, ruleText, zonedText } from "/assets/schedule-times.js";
import { get, post } from "/assets/server.js";
import { signOf } from "/assets/status.js";

const INSTANTS_SHOWN = 5;
const MARKS_SHOWN = 10;
const MARK_SIGNS = { fired: "✓", skipped: "⇥", missed: "⊘", failed: "✕" };

/** `changed` reads the list again. */
export function scheduleCard(first, { page, changed }) {
  const path = `/schedules/${encodeURIComponent(first.workflow)}/${encodeURIComponent(first.id)}`;
  const parts = makeParts(first);
  let trigger = first;

  const act = async (button, call) => {
    button.disabled = true;
    try {
      await call();
    } catch (error) {
      parts.said.className = "said bad";
      parts.said.replaceChildren(error.message);
      page.fail(error);
    }
    button.disabled = false;
    await changed();
  };
  parts.fire?.addEventListener("click", () =>
    act(parts.fire, async () => {
      const { runId } = await post(`${path}/trigger`);
      parts.said.className = "said good";
      parts.said.replaceChildren("Started ", runLink(runId));
    }),
  );
  parts.pause.addEventListener("click", () =>
    act(parts.pause, () => post(`${path}/${trigger.paused === null ? "pause" : "resume"}`)),
  );
  parts.more?.addEventListener("toggle", () => void readMore());

  async function readMore() {
    if (!parts.more?.open) return;
    try {
      const [upcoming, marks] = await Promise.all([
        get(`${path}/preview?count=${INSTANTS_SHOWN}`),
        get(`${path}/marks?limit=${MARKS_SHOWN}`),
      ]);
      drawUpcoming(parts.upcoming, upcoming.items, trigger.spec.timeZone ?? "UTC");
      drawMarks(parts.marks, marks.items);
    } catch (error) {
      page.fail(error);
    }
  }

  return {
    node: parts.node,
    /** `lastRun`: the run that it started last, as far as it is known. */
    update(next, lastRun) {
      const isNew = JSON.stringify(next) !== JSON.stringify(trigger);
      trigger = next;
      draw(parts, trigger, lastRun);
      if (isNew) void readMore();
    },
    tick(nowMs) {
      const nextAt = trigger.schedule?.nextAt ?? null;
      setText(parts.soon, nextAt === null ? "" : fromNowText(nextAt, nowMs));
    },
  };
}

function makeParts({ kind, workflow, id }) {
  const isSchedule = kind === "schedule";
  const name = `${workflow} / ${id}`;
  const button = (label) =>
    element("button", { type: "button", "aria-label": `${label}: ${name}` }, label);
  const parts = {
    state: element("span", { class: "state" }),
    rule: element("p", { class: "rule" }),
    why: element("p", { class: "why" }),
    next: element("span", { class: "instant" }),
    own: element("span", { class: "instant own" }),
    soon: element("span", { class: "soon" }),
    last: element("dd", {}),
    counts: element("dd", {}),
    fire: isSchedule ? button("Trigger now") : null,
    pause: button("Pause"),
    said: element("p", { class: "said", role: "status" }),
    upcoming: element("ol", { class: "upcoming" }),
    marks: element("ul", { class: "marks" }),
    more: null,
  };
  const facts = element(
    "dl",
    {},
    element(
      "div",
      {},
      element("dt", {}, "Next"),
      element("dd", {}, parts.next, parts.own, parts.soon),
    ),
    element("div", {}, element("dt", {}, "Last run"), parts.last),
    element("div", {}, element("dt", {}, "So far"), parts.counts),
  );
  parts.more = element(
    "details",
    {},
    element("summary", {}, "Instants to come, and what came of the last ones"),
    element("h3", {}, "To come"),
    parts.upcoming,
    element("h3", {}, "Last instants"),
    parts.marks,
  );
  parts.node = element(
    "li",
    { class: "schedule", "aria-label": name },
    element("div", { class: "schedule-head" }, element("h2", {}, name), parts.state),
    parts.rule,
    parts.why,
    isSchedule ? facts : null,
    element("div", { class: "actions" }, parts.fire, parts.pause),
    parts.said,
    isSchedule ? parts.more : null,
  );
  return parts;
}

function draw(parts, trigger, lastRun) {
  const { kind, spec, paused, schedule, source } = trigger;
  const [state, word] = stateOf(trigger);
  parts.state.className = `state ${state}`;
  setText(parts.state, word);
  const made = source === "api" ? " · made by hand" : "";
  setText(parts.rule, `${kind === "schedule" ? ruleText(spec) : callText(kind, spec)}${made}`);
  setText(parts.why, whyOf(paused, schedule));
  parts.why.hidden = parts.why.textContent === "";
  const label = paused === null ? "Pause" : "Resume";
  setText(parts.pause, label);
  parts.pause.setAttribute("aria-label", `${label}: ${trigger.workflow} / ${trigger.id}`);
  if (schedule === null) return;
  const zone = spec.timeZone ?? "UTC";
  const { nextAt } = schedule;
  const none = paused === null ? "never again" : "not while it is paused";
  setText(parts.next, nextAt === null ? none : zonedText(nextAt, zone));
  const own = nextAt === null ? null : ownText(nextAt, zone);
  setText(parts.own, own === null ? "" : `${own} here`);
  drawLast(parts.last, schedule, { lastRun, zone });
  setText(parts.counts, countsText(schedule));
}

/** A word, and which kind of word it is. */
function stateOf({ kind, paused, schedule }) {
  if (paused !== null) return ["paused", "‖ paused"];
  if (schedule === null) return ["active", kind === "event" ? "● listens" : "● takes calls"];
  if (schedule.trouble !== null) return ["trouble", "↻ trying again"];
  if (schedule.waiting > 0) return ["active", `◷ ${schedule.waiting} waiting`];
  if (schedule.nextAt === null) return ["over", "– over"];
  return ["active", schedule.running.length > 0 ? "▸ running" : "● active"];
}

function whyOf(paused, schedule) {
  if (paused !== null)
    return `Paused by ${paused.by}${paused.reason === null ? "" : `: ${paused.reason}`}`;
  return schedule?.trouble ?? "";
}

function callText(kind, spec) {
  if (kind === "webhook")
    return `${spec.method ?? "POST"} /hooks/${spec.path} · ${spec.signature === undefined ? "API key" : "signed"}`;
  return `event ${spec.name}${spec.filter === undefined ? "" : ` where ${spec.filter}`}`;
}

function countsText({ fired, skipped, missed, failed }) {
  const rest = Object.entries({ skipped, missed, failed }).filter(([, count]) => count > 0);
  return [`${fired} fired`, ...rest.map(([what, count]) => `${count} ${what}`)].join(" · ");
}

function drawLast(node, { lastInstant, lastRunId }, { lastRun, zone }) {
  if (lastRunId === null) {
    setText(node, "none yet");
    return;
  }
  const status = lastRun?.status ?? "unknown";
  const key = `${lastRunId} ${status}`;
  if (node.dataset.shown === key) return;
  node.dataset.shown = key;
  const error = lastRun?.error?.message ?? null;
  node.replaceChildren(
    element("span", { class: `sign ${status}`, "aria-hidden": "true" }, signOf(status)),
    ` ${status === "unknown" ? "started" : status} · `,
    runLink(lastRunId),
    element("span", { class: "instant own" }, zonedText(lastInstant, zone)),
    error === null ? "" : element("span", { class: "fault" }, error),
  );
}

function runLink(runId) {
  return element("a", { href: `#run=${encodeURIComponent(runId)}` }, runId);
}

function drawUpcoming(node, items, zone) {
  const none = element("li", { class: "none" }, "No instant comes any more.");
  node.replaceChildren(
    ...items.map(({ instant, due }) => {
      const own = ownText(instant, zone);
      const lateMs = Date.parse(due) - Date.parse(instant);
      return element(
        "li",
        {},
        element("span", { class: "instant" }, zonedText(instant, zone)),
        own === null ? null : element("span", { class: "instant own" }, `${own} here`),
        lateMs === 0
          ? null
          : element("span", { class: "soon" }, `starts ${Math.round(lateMs / 1_000)} s later`),
      );
    }),
    ...(items.length === 0 ? [none] : []),
  );
}

function drawMarks(node, items) {
  const none = element("li", { class: "none" }, "Nothing yet.");
  node.replaceChildren(
    ...items.map(({ kind, instant, until, runId, reason }) =>
      element(
        "li",
        {},
        element("span", { class: `mark ${kind}`, "aria-hidden": "true" }, MARK_SIGNS[kind]),
        ` ${kind} `,
        element("time", { datetime: instant }, until === null ? instant : `${instant} to ${until}`),
        kind === "fired" && runId !== null ? runLink(runId) : null,
        reason === null ? null : element("span", { class: "soon" }, reason),
      ),
    ),
    ...(items.length === 0 ? [none] : []),
  );
}
