// The path of a hit, left to right. Everything here is from Kafka: what it does not say is shown as unknown, never guessed to be well.

import { find, show, element, count, brief, milliseconds, nameOf, counted, paint } from "/page.js";
import { model, placeOf } from "/model.js";

const FRESH = 5000; // of an adapter's word about itself, which comes once a second
const ASLEEP = 30000; // without a call: a function that sleeps does by now
const RECORDS = 40; // of a lane, most of them outside of its window on narrow screens

const stage = (id, state) => {
  const node = find(id);
  if (node.dataset.state !== state) node.dataset.state = state;
};

const flow = (id, rate) => {
  const node = find(id);
  const on = rate > 0;
  node.classList.toggle("on", on);
  if (on) node.style.setProperty("--beat", `${Math.max(0.25, 1.6 - 0.5 * Math.log10(1 + rate)).toFixed(2)}s`);
};

const showProvider = ({ simulation, rate }) => {
  const states = { running: "good", held: "wait", blocked: "wait", paused: "wait", finished: "good", off: rate.hits > 0 ? "good" : "unknown" };
  show("hit-rate", count(rate.hits));
  stage("provider", states[simulation.state] || "unknown");
  const what = simulation.state === "off" ? "no simulator" : simulation.state === "running" ? "simulating" : simulation.state;
  show("provider-state", simulation.state === "off" ? what : `${what}${simulation.failed ? `, ${count(simulation.failed)} failed` : ""}\n${brief(simulation.acknowledged)} stored`);
};

const lagOf = (partitions) => {
  const lags = partitions.map((each) => each.lag);
  return lags.length && lags.every((each) => each !== null) ? lags.reduce((sum, each) => sum + each, 0) : null;
};

const lanes = []; // { node, records, text }

const makeLane = (number) => {
  const item = element("li", "lane");
  const records = element("div", "records");
  records.setAttribute("aria-hidden", "true"); // the tape has the same for those who listen
  const text = element("p");
  item.append(element("b", "", `${number}`), records, text);
  find("lanes").append(item);
  lanes.push({ records, text, shown: new Map() });
};

const fillLane = (lane, number, partition, inspect) => {
  const hits = model.events.filter((each) => each.kind === "hit" && each.partition === number).slice(-RECORDS);
  const wanted = new Set(hits.map((each) => each.offset));
  for (const [offset, node] of lane.shown) {
    if (wanted.has(offset)) continue;
    node.remove();
    lane.shown.delete(offset);
  }
  for (const hit of hits) {
    let node = lane.shown.get(hit.offset);
    if (!node) {
      node = paint(element("button", "record"), hit.player);
      node.type = "button";
      node.tabIndex = -1;
      node.title = `${nameOf({ name: hit.name, id: hit.player })}: ${counted(hit.hits, "hit")}`;
      node.addEventListener("click", () => inspect(number, hit.offset));
      lane.records.prepend(node);
      lane.shown.set(hit.offset, node);
    }
    const done = partition.committed !== null && hit.offset < partition.committed;
    const cheating = model.verdicts.get(placeOf(number, hit.offset)) === "cheating";
    const name = `record${done ? " done" : ""}${cheating ? " cheating" : ""}`;
    if (node.className !== name) node.className = name;
  }
};

const showTopic = ({ partitions }, inspect) => {
  while (lanes.length < partitions.length) makeLane(lanes.length);
  stage("topic", partitions.length && partitions.every((each) => each.end !== null) ? "good" : "unknown");
  partitions.forEach((partition, number) => {
    const lane = lanes[number];
    fillLane(lane, number, partition, inspect);
    const waits = partition.lag === null ? element("span", "quiet", "lag unknown") : partition.lag > 0 ? element("span", "waits", `${count(partition.lag)} wait`) : element("span", "quiet", "all done");
    lane.text.replaceChildren(element("b", "", brief(partition.end)), " ", waits);
  });
};

const showAdapter = ({ adapters, partitions }) => {
  const fresh = adapters.filter((each) => each.age < FRESH);
  const sum = (name) => fresh.reduce((all, each) => all + (each.status?.[name] || 0), 0);
  const stalled = sum("stalled");
  show("lag", brief(lagOf(partitions)));
  const who = adapters.length === 0 ? "not heard of yet" : fresh.length === 0 ? `silent for ${milliseconds(Math.min(...adapters.map((each) => each.age)))}` : `${fresh.length} at work`;
  const what = fresh.length === 0 ? "state unknown" : stalled ? `${counted(stalled, "partition")} stalled` : `${count(sum("in_flight"))} in flight`;
  show("adapter-state", `${who}\n${what}`);
  stage("adapter", fresh.length === 0 ? (adapters.length ? "wait" : "unknown") : stalled ? "bad" : sum("in_flight") ? "busy" : "good");
};

// Nobody asks the function, which would wake it. What the adapters say of its last answers is enough to infer how it is.
export const inferFunction = ({ adapters, now }) => {
  const told = adapters.filter((each) => each.age < FRESH && each.status);
  if (told.length === 0) return { state: "unknown", word: "unknown", detail: "no adapter says" };
  const answered = told.filter((each) => each.status.last_answer).map((each) => ({ ...each.status, at: Date.parse(each.status.last_answer) }));
  const flying = told.some((each) => each.status.in_flight > 0);
  const woken = answered.filter((each) => each.first_answer_ms !== null && each.first_answer).sort((a, b) => Date.parse(b.first_answer) - Date.parse(a.first_answer))[0];
  const wake = woken ? `woke in ${milliseconds(woken.first_answer_ms)}` : "no wake-up measured";
  if (answered.length === 0) return flying ? { state: "busy", word: "waking", detail: "the first call waits" } : { state: "unknown", word: "unknown", detail: "not called yet" };
  const latest = answered.reduce((a, b) => (a.at > b.at ? a : b));
  const quiet = now - latest.at;
  if (flying && quiet > FRESH) return { state: "wait", word: "waking", detail: `no answer for ${milliseconds(quiet)}\n${wake}` };
  if (latest.last_status < 200 || latest.last_status > 299) return { state: "bad", word: "refuses", detail: `answered ${latest.last_status || "nothing"}\n${wake}` };
  if (quiet > ASLEEP) return { state: "asleep", word: "asleep", detail: `no work for ${milliseconds(quiet)}\n${wake}` };
  return { state: "good", word: "awake", detail: quiet > FRESH ? `no work for ${milliseconds(quiet)}\n${wake}` : wake };
};

const showFunction = (frame) => {
  const inferred = inferFunction(frame);
  stage("function", inferred.state);
  show("function-state", inferred.word);
  show("function-detail", inferred.detail);
};

const showVerdicts = ({ totals }) => {
  show("verdict-count", brief(totals.verdicts));
  show("cheating-count", brief(totals.cheating));
  show("dead", totals.dead ? counted(totals.dead, "dead letter") : "no dead letters");
  find("dead").disabled = !totals.dead;
  stage("verdicts", totals.dead > 0 ? "wait" : totals.verdicts > 0 ? "good" : "unknown");
};

export const showPipeline = (frame, inspect) => {
  showProvider(frame);
  showTopic(frame, inspect);
  showAdapter(frame);
  showFunction(frame);
  showVerdicts(frame);
  flow("flow-in", frame.rate.hits);
  flow("flow-adapter", frame.rate.verdicts || (lagOf(frame.partitions) > 0 && frame.adapters.some((each) => each.age < FRESH) ? 1 : 0));
  flow("flow-function", frame.rate.verdicts);
  flow("flow-out", frame.rate.verdicts);
};
