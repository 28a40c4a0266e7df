// What the server sends is absolute: a frame says how things are, never what was added. So frames may be missed or repeated.
"use strict";

const SECONDS = 120; // of the plots, at most; and at least
const SECONDS_AT_LEAST = 20;
const TAPE = 14;
const ROWS = 100;
const UNKNOWN = "–";

const board = { frame: null, players: new Map(), series: new Map(), events: [], seen: new Set() };
const find = (id) => document.getElementById(id);

const show = (id, text) => {
  const node = find(id);
  if (node.textContent !== text) node.textContent = text;
};
const count = (value) => (value === null || value === undefined ? UNKNOWN : Math.round(value).toLocaleString("en"));
const milliseconds = (value) => {
  if (value === null || value === undefined || value < 0) return UNKNOWN;
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(value < 10000 ? 1 : 0)} s`;
};
const clock = (at) => new Date(at).toLocaleTimeString("en-GB");
const element = (name, className, text) => {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const nameOf = (player) => player.name || player.id;

// ---- Plots: lines through [second, value], drawn in a box of as many seconds as there are by 100.

const LOWEST = 94; // of a value of 0, from the top line at 6 on
const linear = (value, top) => value / top;
const logarithmic = (value, top) => Math.log10(1 + value) / Math.log10(1 + top); // the wake-up of a function beside the milliseconds after

const points = (first, last, span, column, top, scale) => {
  const list = [];
  for (let i = Math.max(0, first - last + span); i <= span; i++) {
    const row = board.series.get(last - span + i);
    const value = row ? row[column] : null;
    if (value === null || value < 0) continue;
    list.push(`${i},${(100 - scale(value, top) * LOWEST).toFixed(1)}`);
  }
  return list.length === 1 ? [list[0], list[0]] : list; // a dot
};

const STEPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
const roundUp = (value) => {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return STEPS.map((step) => step * power).find((step) => step >= value);
};

// The first second in which something happened.
const firstSecond = (last) => {
  let first = last;
  for (const [second, row] of board.series) if (row[1] || row[2]) first = Math.min(first, second);
  return first;
};

const make = (name, attributes) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
};

const plot = (id, one, two, unit, scale) => {
  const svg = find(id);
  const last = Math.max(...board.series.keys());
  if (!Number.isFinite(last)) return;
  const first = firstSecond(last);
  const span = Math.min(SECONDS, Math.max(SECONDS_AT_LEAST, last - first));
  let top = 0;
  for (const row of board.series.values()) top = Math.max(top, row[one] || 0, row[two] || 0);
  top = scale === linear ? roundUp(top) : 10 ** Math.ceil(Math.log10(Math.max(top, 100)));
  const marks = scale === linear ? [0, top / 2, top] : [0];
  for (let mark = 10; scale === logarithmic && mark <= top; mark *= 10) marks.push(mark);
  const line = points(first, last, span, one, top, scale);
  svg.setAttribute("viewBox", `0 0 ${span} 100`);
  const parts = marks.map((mark) => 100 - scale(mark, top) * LOWEST).map((y) => make("line", { class: "grid", x1: 0, x2: span, y1: y, y2: y }));
  if (line.length > 1) {
    const begin = line[0].split(",")[0];
    const end = line[line.length - 1].split(",")[0];
    parts.push(make("polygon", { class: "area", points: `${begin},100 ${line.join(" ")} ${end},100` }));
  }
  parts.push(make("polyline", { class: "one", points: line.join(" ") }));
  parts.push(make("polyline", { class: "two", points: points(first, last, span, two, top, scale).join(" ") }));
  svg.replaceChildren(...parts);
  let legend = svg.nextElementSibling;
  if (!legend) {
    legend = element("div", "scale");
    legend.append(element("span"), element("span"));
    svg.after(legend);
  }
  legend.firstChild.textContent = `${span} s ago`;
  legend.lastChild.textContent = `now; ${scale === linear ? "highest line" : "lines at 10 to"} ${top.toLocaleString("en")}${unit}`;
};

// ---- Parts of the page

const showNumbers = ({ rate, latency, totals }) => {
  show("hit-rate", count(rate.hits));
  show("flagged-count", count(totals.flagged));
  show("player-count", count(totals.players));
  show("p50", milliseconds(latency.p50));
  show("p99", milliseconds(latency.p99));
};

const describeProvider = ({ simulation }) => {
  if (simulation.state === "off") return "no simulator";
  return `${simulation.state}${simulation.scenario ? `, ${simulation.scenario}` : ""}\n${count(simulation.acknowledged)} hits stored` +
    (simulation.failed ? `\n${count(simulation.failed)} failed` : "");
};

const FRESH = 5000;
const describeAdapter = ({ adapters, partitions }) => {
  const lags = partitions.map((each) => each.lag);
  const lag = lags.length && lags.every((each) => each !== null) ? lags.reduce((sum, each) => sum + each, 0) : null;
  const fresh = adapters.filter((each) => each.age < FRESH);
  const flying = fresh.reduce((sum, each) => sum + (each.status?.in_flight || 0), 0);
  const stalled = fresh.reduce((sum, each) => sum + (each.status?.stalled || 0), 0);
  const who = adapters.length === 0 ? "not heard of" : fresh.length === 0 ? "not heard of lately" : `${fresh.length} at work, ${flying} in flight`;
  return `${who}\nlag ${count(lag)}${stalled ? `\n${stalled} partitions stalled` : ""}`;
};

const describeFunction = ({ adapters, now }) => {
  const told = adapters.filter((each) => each.age < FRESH && each.status?.last_answer).map((each) => each.status);
  if (told.length === 0) return "unknown";
  const latest = Math.max(...told.map((each) => Date.parse(each.last_answer)));
  const quiet = now - latest;
  const woken = told.filter((each) => each.first_answer_ms !== null).map((each) => each.first_answer_ms);
  const answered = told.some((each) => each.last_status >= 200 && each.last_status < 300);
  const state = quiet > 15000 ? "no work: asleep by now, if it sleeps" : answered ? "awake" : "does not answer well";
  return `${state}${woken.length ? `\nlast wake-up ${milliseconds(woken[woken.length - 1])}` : ""}`;
};

const showPath = (frame) => {
  show("stage-provider", describeProvider(frame));
  show("stage-adapter", describeAdapter(frame));
  show("stage-function", describeFunction(frame));
  show("stage-verdicts", `${count(frame.totals.verdicts)} verdicts\n${count(frame.totals.cheating)} cheating\n${count(frame.totals.dead)} dead letters`);
  const list = find("stage-partitions");
  list.replaceChildren(...frame.partitions.map((each, number) => {
    const item = element("li");
    item.append(element("span", "", `${number}`), element("span", "", `${count(each.hits)} hits`), element("span", "quiet", `lag ${count(each.lag)}`));
    return item;
  }));
};

const showNotice = ({ simulation, rebuilding }) => {
  const notice = find("notice");
  const text = simulation.held ? `The simulator is held back: ${simulation.why || "Kafka or the adapter cannot keep up"}. Nothing is lost.`
    : rebuilding ? "Reading what happened before…" : "";
  notice.hidden = !text;
  if (notice.textContent !== text) notice.textContent = text;
};

const showFlagged = () => {
  const flagged = [...board.players.values()].filter((each) => each.flagged && !each.hidden).sort((a, b) => b.flagged.last - a.flagged.last);
  find("flagged-none").hidden = flagged.length > 0;
  find("flagged").replaceChildren(...flagged.slice(0, 12).map((player) => {
    const item = element("li", board.seen.has(player.id) ? "" : "new");
    board.seen.add(player.id);
    item.append(element("strong", "", nameOf(player)), element("span", "hits", `${count(player.flagged.hits)} hits`),
      element("span", "quiet", `since ${clock(player.flagged.since)}, ${count(player.cheats)} times`), element("span", "quiet", player.id));
    return item;
  }));
};

const showTape = () => {
  find("tape").replaceChildren(...board.events.slice(-TAPE).reverse().map((event) => {
    const item = element("li");
    const what = event.kind === "verdict" ? event.verdict : "hit";
    item.append(element("span", "", `${event.name || event.player}: ${count(event.hits)} hits`),
      element("span", event.kind === "verdict" ? event.verdict : "quiet", event.kind === "verdict" ? `${what} after ${milliseconds(event.ms)}` : `to partition ${event.partition}`));
    return item;
  }));
};

const showPlayers = () => {
  const wanted = find("search").value.trim().toLowerCase();
  const rows = [...board.players.values()].filter((each) => !each.hidden && (!wanted || `${each.id} ${each.name}`.toLowerCase().includes(wanted)))
    .sort((a, b) => b.cheats - a.cheats || b.hits - a.hits);
  find("players").replaceChildren(...rows.slice(0, ROWS).map((player) => {
    const row = element("tr");
    const verdict = player.cheats ? "cheating" : player.verdicts ? "fair" : "";
    for (const [text, className] of [[player.id, "quiet"], [player.name, ""], [count(player.hits), ""], [count(player.best), ""], [verdict || "none yet", verdict || "quiet"]])
      row.append(element("td", className, text));
    return row;
  }));
  show("players-more", rows.length > ROWS ? `and ${count(rows.length - ROWS)} more` : "");
};

// ---- Frames

const take = (frame) => {
  board.frame = frame;
  for (const player of frame.players) board.players.set(player.id, player);
  for (const row of frame.series) board.series.set(row[0], row);
  const last = Math.floor(frame.now / 1000) - 1;
  for (const second of board.series.keys()) if (second < last - SECONDS) board.series.delete(second);
  const known = board.events.length ? board.events[board.events.length - 1].n : 0;
  const numbers = new Set(board.events.map((each) => each.n));
  board.events.push(...frame.events.filter((each) => each.n > known || (known - each.n < 1000 && !numbers.has(each.n))));
  board.events.splice(0, board.events.length - 4 * TAPE);
};

let due = false;
const draw = () => {
  due = false;
  const { frame } = board;
  if (!frame) return;
  show("run", frame.run ? `run ${frame.run}${frame.broker ? `, ${frame.broker} broker` : ""}` : "all runs");
  show("from", frame.from ? `Events since ${clock(frame.from)}.` : "Events since the beginning.");
  showNotice(frame);
  showNumbers(frame);
  showPath(frame);
  showFlagged();
  plot("rate-plot", 1, 3, " a second", linear);
  plot("latency-plot", 4, 5, " ms", logarithmic);
  showTape();
  showPlayers();
};
const redraw = () => {
  if (due) return;
  due = true;
  requestAnimationFrame(draw);
};

const link = (state, text) => {
  find("link").dataset.state = state;
  show("link", text);
};

const forget = () => {
  board.players.clear();
  board.series.clear();
  board.events.length = 0;
};

const follow = () => {
  const source = new EventSource("/api/stream");
  source.addEventListener("open", () => link("live", "live"));
  source.addEventListener("error", () => {
    link("lost", "connection lost, trying again");
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  });
  source.addEventListener("snapshot", (message) => {
    forget();
    take(JSON.parse(message.data));
    redraw();
  });
  source.addEventListener("update", (message) => {
    take(JSON.parse(message.data));
    redraw();
  });
};

find("search").addEventListener("input", redraw);
follow();
