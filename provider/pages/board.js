// The board: takes what the stream brings, and shows it.

import { find, show, element, clock, count } from "/page.js";
import { model, take, forget } from "/model.js";
import { showPipeline } from "/pipeline.js";
import { makePlots, showPlots } from "/plots.js";
import { showPeople, showTable, followTable } from "/people.js";
import { inspect, listDeadLetters } from "/inspector.js";
import { followSpeaker, showSpeaker } from "/speaker.js";

const showNotice = ({ simulation, rebuilding }) => {
  const notice = find("notice");
  const text = simulation.held ? `The simulator is held back: ${simulation.why || "Kafka or the adapter cannot keep up"}. Nothing is lost.`
    : rebuilding ? "Reading what happened before…" : "";
  notice.hidden = !text;
  if (notice.textContent !== text) notice.textContent = text;
};

const showRun = ({ run, broker, from, simulation, round, rounds }) => {
  show("run", run ? `run ${run}${broker ? `, ${broker} broker` : ""}` : "all runs");
  const scenario = find("scenario");
  scenario.hidden = !simulation.scenario;
  show("scenario", simulation.scenario ? `${simulation.scenario}, ${count(simulation.rate)} a second` : "");
  show("from", from ? `Events and verdicts since ${clock(from)}; who was flagged, since the beginning.` : "Events since the beginning.");
  find("round-chip").hidden = rounds.length < 2;
  const select = find("round");
  const mark = rounds.map((each) => each.number).join();
  if (select.dataset.mark === mark) return;
  select.dataset.mark = mark;
  select.replaceChildren(...rounds.map((each) => {
    const option = element("option", "", `${each.number}${each.started ? `, ${clock(each.started)}` : ""}`);
    option.value = each.number;
    return option;
  }).reverse());
  select.value = round.number;
};

const showJoin = ({ play }) => {
  const known = Boolean(play);
  find("code-open").hidden = !known;
  find("join-hint").hidden = known;
  const address = play || `${location.origin}/play`;
  const link = find("join-link");
  if (link.href === address) return;
  link.href = address;
  link.textContent = address.replace(/^https?:\/\//, "");
  find("code-address").textContent = address;
  if (known) for (const id of ["code", "code-large"]) find(id).src = "/code.svg";
};

let past = null; // the round that was chosen, where it is not the present one

let due = false;
const draw = () => {
  due = false;
  const { frame } = model;
  if (!frame) return;
  showRun(frame);
  showJoin(frame);
  showNotice(frame);
  showPipeline(frame, inspect);
  showPlots(frame);
  showPeople(frame, inspect);
  showTable(performance.now());
  showSpeaker(frame);
};
const redraw = () => {
  if (due) return;
  due = true;
  requestAnimationFrame(draw);
};

// ---- The stream

const link = (state, text) => {
  find("link").dataset.state = state;
  show("link", text);
};

const isLive = () => past === null;
let source = null;

const follow = () => {
  source = new EventSource("/api/stream");
  source.addEventListener("open", () => link("live", "live"));
  source.addEventListener("error", () => {
    link("lost", "connection lost, trying again");
    if (source.readyState === EventSource.CLOSED && isLive()) setTimeout(follow, 2000);
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

// ---- Rounds that are over

const showPast = async (number) => {
  source?.close();
  past = number;
  const answer = await fetch(`/api/state?round=${number}`);
  if (!answer.ok || past !== number) return;
  forget();
  model.frame = null;
  take(await answer.json());
  link("past", `round ${number}, over`);
  redraw();
};

find("round").addEventListener("change", (change) => {
  const number = Number(change.target.value);
  const latest = Math.max(...model.frame.rounds.map((each) => each.number));
  if (number !== latest) {
    showPast(number);
    return;
  }
  past = null;
  source?.close();
  follow();
});

find("dead").addEventListener("click", listDeadLetters);
find("code-open").addEventListener("click", () => find("code-dialog").showModal());
followTable(() => showTable(0, true));
followSpeaker();
makePlots();
follow();
