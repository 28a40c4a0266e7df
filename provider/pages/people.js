// Who has fallen, what happens, who plays.

import { find, show, element, count, counted, milliseconds, clock, nameOf, paint } from "/page.js";
import { model, visiblePlayers } from "/model.js";

const TAPE = 14;
const ROWS = 200;
const SHOWN = 24; // of the flagged; the table has all

const seen = new Set(); // of the flagged
let first = true;

const showFlagged = (inspect) => {
  const flagged = visiblePlayers().filter((each) => each.flagged).sort((a, b) => b.flagged.since - a.flagged.since || (a.id < b.id ? -1 : 1));
  find("flagged-none").hidden = flagged.length > 0;
  const mark = JSON.stringify(flagged.slice(0, SHOWN).map((each) => [each.id, each.name, each.cheats, each.flagged.last]));
  const list = find("flagged");
  if (list.dataset.mark === mark) return;
  list.dataset.mark = mark;
  list.dataset.many = flagged.length > 4;
  const focused = document.activeElement?.dataset?.player;
  list.replaceChildren(...flagged.slice(0, SHOWN).map((player) => {
    const button = element("button", "", element("strong", "", nameOf(player)), element("span", "hits", count(player.flagged.hits), " ", element("small", "", "hits")),
      element("span", "quiet", `since ${clock(player.flagged.since)}, ${player.cheats === 1 ? "once" : `${count(player.cheats)} times`} · ${player.id}`));
    button.type = "button";
    button.dataset.player = player.id;
    button.addEventListener("click", () => inspect(player.flagged.about?.partition, player.flagged.about?.offset, player));
    const item = element("li", seen.has(player.id) || first ? "" : "new", button);
    return item;
  }));
  flagged.forEach((each) => seen.add(each.id));
  first = false;
  if (focused) [...list.querySelectorAll("button")].find((each) => each.dataset.player === focused)?.focus();
};

let held = false;

const showTape = (inspect) => {
  const list = find("tape");
  if (held || list.matches(":focus-within")) return; // who reads it keeps what there is
  list.replaceChildren(...model.events.slice(-TAPE).reverse().map((event) => {
    const isVerdict = event.kind === "verdict";
    const button = element("button", "", paint(element("i"), event.player), element("span", "", `${nameOf({ name: event.name, id: event.player })}: ${counted(event.hits, "hit")}`),
      element("span", isVerdict ? event.verdict : "quiet", isVerdict ? `${event.verdict}${event.ms === null ? "" : ` after ${milliseconds(event.ms)}`}` : `to partition ${event.partition}`));
    button.type = "button";
    const place = isVerdict ? event.about : event;
    button.addEventListener("click", () => inspect(place?.partition, place?.offset));
    return element("li", "", button);
  }));
};

const rowOf = (player) => {
  const verdict = player.cheats ? "cheating" : player.verdicts ? "fair" : "";
  return element("tr", "", element("td", "", nameOf(player), " ", player.name ? element("span", "quiet", player.id) : null), element("td", "number", count(player.hits)),
    element("td", "number", count(player.best)), element("td", verdict || "quiet", player.cheats > 1 ? `cheating, ${count(player.cheats)} times` : verdict || "none yet"));
};

const showPlayers = () => {
  const wanted = find("search").value.trim().toLowerCase();
  const rows = visiblePlayers().filter((each) => !wanted || `${each.id} ${each.name}`.toLowerCase().includes(wanted)).sort((a, b) => b.cheats - a.cheats || b.hits - a.hits);
  find("players").replaceChildren(...rows.slice(0, ROWS).map(rowOf));
  show("players-more", rows.length > ROWS ? `and ${count(rows.length - ROWS)} more: search to see them` : wanted ? counted(rows.length, "player") : "");
};

export const showPeople = (frame, inspect) => {
  show("flagged-count", count(frame.totals.flagged));
  show("player-count", count(frame.totals.players));
  showFlagged(inspect);
  showTape(inspect);
};

let drawn = 0;
let shown = 0; // how many players
export const showTable = (now, always) => {
  const players = visiblePlayers().length;
  if (!always && players === shown && now - drawn < 1000) return; // nobody reads a table that changes ten times a second
  drawn = now;
  shown = players;
  showPlayers();
};

export const followTable = (redraw) => {
  find("search").addEventListener("input", redraw);
  find("hold").addEventListener("click", () => {
    held = !held;
    find("hold").setAttribute("aria-pressed", held);
  });
};
