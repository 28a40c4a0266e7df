// What the speaker can do, with the token. It stays in this tab and goes nowhere but into the requests' Authorization.

import { find, element, count, nameOf } from "/page.js";
import { model } from "/model.js";

const KEEP = "umpire-token";
const STEPS = [0.1, 10000]; // of the slider: logarithmic between these
let token = sessionStorage.getItem(KEEP) || "";

const say = (text, state) => {
  const node = find("speaker-said");
  node.textContent = text;
  node.dataset.state = state;
};

const lock = () => {
  token = "";
  sessionStorage.removeItem(KEEP);
  find("controls").disabled = true;
};

const order = async (body, done) => {
  try {
    const answer = await fetch("/api/simulation", { method: "POST", headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (answer.ok) {
      say(done, "good");
      return true;
    }
    if (answer.status === 401 || answer.status === 403) lock();
    const problem = await answer.json().catch(() => ({}));
    say(answer.status === 401 || answer.status === 403 ? "That is not the token." : problem.detail || problem.title || `The provider answered ${answer.status}.`, "bad");
  } catch {
    say("The provider cannot be reached.", "bad");
  }
  return false;
};

const rateOf = (step) => {
  const rate = STEPS[0] * (STEPS[1] / STEPS[0]) ** (step / 100);
  const power = 10 ** (Math.floor(Math.log10(rate)) - 1);
  return Math.round(rate / power) * power;
};
const stepOf = (rate) => Math.round((100 * Math.log(Math.max(rate, STEPS[0]) / STEPS[0])) / Math.log(STEPS[1] / STEPS[0]));

const showScenarios = (names) => find("scenarios").replaceChildren(...names.map((name) => {
  const button = element("button", "", name);
  button.type = "button";
  button.dataset.scenario = name;
  button.addEventListener("click", () => order({ action: "scenario", scenario: name }, `The scenario is ${name}.`));
  return button;
}));

const learn = async () => {
  const answer = await fetch("/api/simulation").catch(() => null);
  if (!answer?.ok) return;
  const { rate, scenarios } = await answer.json();
  showScenarios(scenarios);
  find("rate").value = stepOf(rate);
  find("rate-shown").textContent = `${count(rate)} hits a second`;
};

// The state is asked for with the token by doing nothing: an order that changes nothing tells whether the token is right.
const unlock = async () => {
  if (!(await order({ action: "check" }, "Unlocked."))) return;
  sessionStorage.setItem(KEEP, token);
  find("controls").disabled = false;
  await learn();
};

export const showSpeaker = ({ simulation }) => {
  if (!find("speaker").open) return;
  for (const button of find("scenarios").children) button.setAttribute("aria-pressed", button.dataset.scenario === simulation.scenario);
  find("simulation-start").setAttribute("aria-pressed", simulation.state === "running");
  find("simulation-stop").setAttribute("aria-pressed", simulation.state === "paused");
};

const showPlayers = () => find("hide-player").replaceChildren(...[...model.players.values()].sort((a, b) => b.cheats - a.cheats || (nameOf(a) < nameOf(b) ? -1 : 1)).slice(0, 500).map((player) => {
  const option = element("option", "", `${nameOf(player)} (${player.id})${player.hidden ? ", hidden" : ""}`);
  option.value = player.id;
  return option;
}));

const hide = async (hidden) => {
  const player = find("hide-player").value;
  if (player && (await order({ action: "hide", player, hidden }, hidden ? `${player} is hidden.` : `${player} is shown again.`))) setTimeout(showPlayers, 500);
};

export const followSpeaker = () => {
  find("speaker-open").addEventListener("click", () => {
    find("speaker").showModal();
    showPlayers();
    if (token) unlock();
  });
  find("token-form").addEventListener("submit", (submit) => {
    submit.preventDefault();
    token = find("token").value.trim();
    find("token").value = "";
    unlock();
  });
  find("simulation-start").addEventListener("click", () => order({ action: "start" }, "Running."));
  find("simulation-stop").addEventListener("click", () => order({ action: "stop" }, "Paused."));
  find("round-new").addEventListener("click", () => order({ action: "round" }, "A new round begins in a moment."));
  find("rate").addEventListener("input", () => { find("rate-shown").textContent = `${count(rateOf(Number(find("rate").value)))} hits a second`; });
  find("rate").addEventListener("change", () => {
    const rate = rateOf(Number(find("rate").value));
    order({ action: "rate", rate }, `${count(rate)} hits a second.`);
  });
  find("hide").addEventListener("click", () => hide(true));
  find("unhide").addEventListener("click", () => hide(false));
};
