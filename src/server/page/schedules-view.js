/** The list of what starts workflows by itself, read again while somebody looks at it. */
import { element } from "/assets/element.js";
import { scheduleCard } from "/assets/schedule-card.js";
import { OWN_ZONE } from "/assets/schedule-times.js";
import { get } from "/assets/server.js";
import { TERMINAL } from "/assets/status.js";

const READ_MS = 2_000;
const PAGE = 50;
const LIMIT_MAX = 1_000;
/** Runs of cards beyond these are not asked for. */
const RUNS_READ_MAX = 50;

export async function showSchedules(main, page, signal) {
  const cards = new Map();
  const runs = new Map();
  let limit = PAGE;
  const zone = element("p", { class: "hint" }, `Your time zone: ${OWN_ZONE}`);
  const list = element("ul", { class: "schedules" });
  const more = element("button", { type: "button", hidden: true }, "Show more");
  more.addEventListener("click", () => {
    limit = Math.min(limit * 2, LIMIT_MAX);
    void read();
  });
  const head = element("div", { class: "schedules-head" }, element("h1", {}, "Schedules"), zone);
  const empty = emptyState();
  main.replaceChildren(element("section", { class: "schedule-list" }, head, empty, list, more));
  empty.hidden = true;

  async function read() {
    const { items, cursor } = await get(`/schedules?kind=all&limit=${limit}`);
    await readRuns(items.slice(0, RUNS_READ_MAX), runs);
    if (signal.aborted) return;
    empty.hidden = items.length > 0;
    more.hidden = cursor === null || limit >= LIMIT_MAX;
    draw(items);
  }

  function draw(items) {
    const keys = new Set();
    for (const [at, item] of items.entries()) {
      const key = `${item.workflow}/${item.id}`;
      keys.add(key);
      let card = cards.get(key);
      if (card === undefined || card.kind !== item.kind) {
        card?.node.remove();
        card = { ...scheduleCard(item, { page, changed: again }), kind: item.kind };
        cards.set(key, card);
      }
      card.update(item, runs.get(item.schedule?.lastRunId) ?? null);
      if (list.children[at] !== card.node) list.insertBefore(card.node, list.children[at] ?? null);
    }
    for (const [key, { node }] of cards)
      if (!keys.has(key)) {
        node.remove();
        cards.delete(key);
      }
    tick();
  }

  function tick() {
    const nowMs = Date.now();
    for (const card of cards.values()) card.tick(nowMs);
  }

  async function again() {
    try {
      await read();
    } catch (error) {
      page.fail(error);
    }
  }

  const ticking = setInterval(tick, 1_000);
  signal.addEventListener("abort", () => clearInterval(ticking));
  while (!signal.aborted) {
    if (!document.hidden) {
      try {
        await read();
      } catch (error) {
        page.fail(error);
        // A server that says no goes on saying no until something changes; one that is away comes back.
        if (error.status === undefined) await page.lost();
      }
    }
    await new Promise((resolve) => setTimeout(resolve, READ_MS));
  }
}

/** The last runs of the schedules; one that has ended is asked for once. */
async function readRuns(items, runs) {
  const wanted = items.flatMap(({ schedule }) => schedule?.lastRunId ?? []);
  for (const runId of runs.keys()) if (!wanted.includes(runId)) runs.delete(runId);
  await Promise.all(
    wanted.map(async (runId) => {
      if (TERMINAL.has(runs.get(runId)?.status)) return;
      // A run that is gone was removed after its time: the schedule says the rest.
      const run = await get(`/runs/${encodeURIComponent(runId)}`).catch(() => null);
      if (run !== null) runs.set(runId, run);
    }),
  );
}

function emptyState() {
  const yaml = [
    "triggers:",
    '  - schedule: { cron: "30 2 * * *", timeZone: Europe/Berlin }',
    "  - event: { name: order.paid }",
    "  - webhook: { path: orders/new }",
  ].join("\n");
  const command = `npx lockstitch schedules save reports/nightly '{"cron":"30 2 * * *","timeZone":"Europe/Berlin"}'`;
  return element(
    "section",
    { class: "empty" },
    element("h2", {}, "Nothing starts by itself yet"),
    element("p", {}, "Give a workflow triggers, save it, and they appear here."),
    element("pre", { tabindex: "0" }, yaml),
    element("p", {}, "Or give a saved workflow a schedule without changing it:"),
    element("pre", { tabindex: "0" }, command),
  );
}
