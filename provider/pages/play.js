// The game. A volley is one second; what was hit in it is one event. Verdicts come back on a stream of this player's own.

import { find, show, element, count, counted, milliseconds } from "/page.js";

const VOLLEYS = 30;
const VOLLEY = 1000; // milliseconds
const PAUSE = 120; // between a hit, or a volley's beginning, and the next target: nobody makes more than 8 hits of a volley
const CLICKER = [13, 18]; // hits of a volley that the auto-clicker makes
const TRIES = 8; // for one volley, while the server asks to wait

const me = { player: null, name: null, cheats: 0, judged: 0, round: null };
const game = { playing: false, began: 0, volley: 0, hits: 0, all: 0, number: 0, readyAt: 0, cheating: false, clicks: 0, quota: 0 };
const visit = crypto.getRandomValues(new Uint32Array(2)).reduce((text, number) => text + number.toString(36), ""); // this page's, until it is left
const volleys = new Map(); // by the event's id: its box on the page, or the verdict that came first

// ---- What is said

const trouble = (text) => {
  find("trouble").hidden = !text;
  show("trouble", text || "");
};

const showWho = (state, text) => {
  find("who").dataset.state = state;
  show("who", text);
};

const showVerdict = (verdict, title, detail) => {
  const node = find("verdict");
  if (node.dataset.verdict !== verdict) node.dataset.verdict = verdict;
  show("verdict-title", title);
  show("verdict-detail", detail);
};

const showStanding = (last) => {
  if (me.cheats) {
    showVerdict("cheating", "Flagged: cheating", last && last.verdict === "cheating" ? `${counted(last.hits, "hit")} in one volley, ${count(last.threshold)} are fair. Judged ${last.ms === undefined ? "" : `in ${milliseconds(last.ms)}`}.`
      : `${counted(me.cheats, "volley", "volleys")} with more than ten hits. It stays for this round.`);
  } else if (me.judged) {
    showVerdict("fair", "Fair", last ? `${counted(last.hits, "hit")}: fair. Judged ${last.ms === undefined ? "" : `in ${milliseconds(last.ms)}`}.` : `${counted(me.judged, "volley", "volleys")} judged, all fair.`);
  } else {
    showVerdict("none", "No verdict yet", "Play, and the umpire looks at every volley.");
  }
};

// ---- Joining, and the stream of verdicts

const post = (path, body) => fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
const wait = (time) => new Promise((resolve) => { setTimeout(resolve, time); });
const pauseOf = (answer, attempt) => {
  const asked = Number(answer?.headers.get("Retry-After"));
  return (asked > 0 ? asked * 1000 : 250 * 2 ** attempt) * (1 + Math.random() / 2); // a whole room was told the same
};

const judge = (verdict) => {
  const box = volleys.get(verdict.event);
  if (box instanceof Element) box.dataset.state = verdict.verdict;
  else volleys.set(verdict.event, verdict.verdict);
  me.judged += 1;
  if (verdict.verdict === "cheating") me.cheats += 1;
  if (verdict.verdict === "cheating" || !me.cheats) showStanding(verdict);
};

let stream = null;
const follow = () => {
  stream?.close();
  stream = new EventSource(`/api/stream?player=${encodeURIComponent(me.player)}`);
  stream.addEventListener("open", () => showWho("in", me.name));
  stream.addEventListener("error", () => {
    showWho("lost", "connection lost");
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  });
  stream.addEventListener("player", (message) => {
    const told = JSON.parse(message.data);
    if (me.round !== null && me.round !== told.round) trouble("");
    me.round = told.round;
    me.cheats = told.cheats;
    me.judged = told.verdicts;
    showStanding();
  });
  stream.addEventListener("verdict", (message) => judge(JSON.parse(message.data)));
};

const join = async () => {
  for (let attempt = 0; ; attempt = Math.min(attempt + 1, 5)) {
    const answer = await post("/api/players", {}).catch(() => null);
    if (answer?.ok) {
      const known = await answer.json();
      const isNew = known.player !== me.player;
      Object.assign(me, known);
      trouble("");
      showWho("in", me.name);
      find("start").disabled = false;
      if (isNew) follow();
      return;
    }
    showWho("lost", answer?.status === 429 ? "many join: one moment" : "no connection");
    await wait(pauseOf(answer, attempt));
  }
};

// ---- Sending a volley

const sent = (box, id) => {
  const verdict = volleys.get(id);
  box.dataset.state = typeof verdict === "string" ? verdict : "sent";
  volleys.set(id, box);
};

// The volley's name makes it one event, however often it has to be sent.
const send = async (hits, match, volley, box) => {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const answer = await post("/api/hits", { match, hits, volley }).catch(() => null);
    if (answer?.status === 202) {
      trouble("");
      sent(box, (await answer.json()).id);
      return;
    }
    if (answer?.status === 401) await join();
    else if (answer && answer.status < 500 && answer.status !== 429) break;
    else {
      trouble(answer ? "The server is busy: your volleys wait for it." : "No connection: your volleys wait for it.");
      await wait(pauseOf(answer, attempt));
    }
  }
  box.dataset.state = "lost";
  trouble("A volley could not be sent.");
};

// ---- Playing

const place = (target) => {
  const field = find("field");
  const room = { x: field.clientWidth - target.offsetWidth - 16, y: field.clientHeight - target.offsetHeight - 84 };
  target.style.transform = `translate(${8 + Math.random() * Math.max(0, room.x)}px, ${76 + Math.random() * Math.max(0, room.y)}px)`;
};

const burst = () => {
  const target = find("target").getBoundingClientRect();
  const field = find("field").getBoundingClientRect();
  const ring = element("span", "burst on");
  const random = (size, from) => from + Math.random() * (size - from - 40);
  ring.style.left = `${game.cheating ? random(field.width, 40) : target.left - field.left + target.width / 2}px`;
  ring.style.top = `${game.cheating ? random(field.height, 110) : target.top - field.top + target.height / 2}px`;
  ring.addEventListener("animationend", () => ring.remove());
  find("field").append(ring);
  setTimeout(() => ring.remove(), 600);
};

const countHit = () => {
  game.hits += 1;
  game.all += 1;
  show("volley-hits", `${game.hits}`);
  show("all-hits", `${game.all}`);
  find("field").dataset.over = game.hits > 10;
  burst();
};

const hit = (now) => {
  const target = find("target");
  if (!game.playing || target.hidden) return;
  target.hidden = true;
  game.readyAt = now + PAUSE;
  countHit();
};

const beginVolley = (number, now) => {
  game.volley = number;
  game.hits = 0;
  game.clicks = 0;
  game.quota = CLICKER[0] + Math.floor(Math.random() * (CLICKER[1] - CLICKER[0] + 1));
  game.readyAt = Math.max(game.readyAt, now + PAUSE);
  find("target").hidden = true;
  find("field").dataset.over = false;
  show("volley-hits", "0");
};

const endVolley = () => {
  const box = find("volleys").children[game.volley];
  if (!game.hits || !box) return;
  box.textContent = game.hits;
  box.dataset.state = "waits";
  send(game.hits, `${me.player.slice(0, 40)}-${game.number}`, `${visit}-${game.number}-${game.volley}`, box);
};

const end = () => {
  game.playing = false;
  find("target").hidden = true;
  find("field").dataset.state = "ready";
  find("rules").textContent = `${counted(game.all, "hit")} in ${VOLLEYS} seconds. Once more?`;
  find("start").textContent = "Play again";
  find("start").focus();
};

const tick = (now) => {
  if (!game.playing) return;
  const time = now - game.began;
  const number = Math.floor(time / VOLLEY);
  if (number !== game.volley) {
    endVolley();
    if (number >= VOLLEYS) {
      end();
      return;
    }
    beginVolley(number, now);
  }
  show("left", `${VOLLEYS - number}`);
  if (game.cheating && game.clicks < (game.quota * (time % VOLLEY)) / (0.9 * VOLLEY) && game.clicks < game.quota) {
    game.clicks += 1;
    countHit();
  }
  const target = find("target");
  if (target.hidden && !game.cheating && now >= game.readyAt) {
    target.hidden = false;
    place(target);
  }
  if (game.cheating) target.hidden = true;
  requestAnimationFrame(tick);
};

const start = () => {
  const now = performance.now();
  volleys.clear();
  find("volleys").replaceChildren(...Array.from({ length: VOLLEYS }, () => element("li")));
  Object.assign(game, { playing: true, began: now, volley: 0, hits: 0, all: 0, number: game.number + 1, readyAt: 0, clicks: 0 });
  beginVolley(0, now);
  show("all-hits", "0");
  find("field").dataset.state = "playing";
  requestAnimationFrame(tick);
};

const setCheating = (on) => {
  game.cheating = on;
  find("cheat").setAttribute("aria-pressed", on);
  find("field").dataset.cheat = on;
  show("cheat-how", on ? "on: over ten a second" : "off: playing fair");
};

find("volleys").replaceChildren(...Array.from({ length: VOLLEYS }, () => element("li")));
find("start").addEventListener("click", start);
find("cheat").addEventListener("click", () => setCheating(!game.cheating));
find("target").addEventListener("pointerdown", (press) => {
  press.preventDefault();
  hit(performance.now());
});
addEventListener("keydown", (press) => { // whoever has no pointer: one key, pressed anew for each hit
  if (press.code !== "Space" || !game.playing || press.target.closest("#cheat")) return;
  press.preventDefault();
  if (!press.repeat) hit(performance.now());
});
join();
