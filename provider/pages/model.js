// What the page knows. What the server sends is absolute: a frame says how things are, never what was added, so frames may be missed or
// repeated.

export const SECONDS = 120; // of the plots
const EVENTS = 400; // of the tape

export const model = {
  frame: null,
  players: new Map(), // by id
  series: new Map(), // by second: [second, hits, verdicts, cheating, p50, p99]
  events: [], // the tape, oldest first
  verdicts: new Map(), // "partition:offset" of a hit: "cheating" or "fair"
};

export const placeOf = (partition, offset) => `${partition}:${offset}`;

const takeEvents = (events) => {
  const known = model.events.length ? model.events[model.events.length - 1].n : 0;
  const fresh = events.filter((each) => each.n > known);
  for (const event of fresh) if (event.about) model.verdicts.set(placeOf(event.about.partition, event.about.offset), event.verdict);
  model.events.push(...fresh);
  model.events.splice(0, model.events.length - EVENTS);
  for (const place of model.verdicts.keys()) {
    if (model.verdicts.size <= 4 * EVENTS) break;
    model.verdicts.delete(place);
  }
};

export const forget = () => {
  model.players.clear();
  model.series.clear();
  model.verdicts.clear();
  model.events.length = 0;
};

export const take = (frame) => {
  const round = model.frame?.round.number;
  if (round !== undefined && round !== frame.round.number) forget();
  model.frame = frame;
  const hidden = new Set();
  for (const player of frame.players) {
    model.players.set(player.id, player);
    if (player.hidden) hidden.add(player.id);
  }
  if (hidden.size) model.events = model.events.filter((each) => !hidden.has(each.player));
  for (const row of frame.series) model.series.set(row[0], row);
  const last = Math.floor(frame.now / 1000) - 1;
  for (const second of model.series.keys()) if (second < last - SECONDS) model.series.delete(second);
  takeEvents(frame.events);
};

export const visiblePlayers = () => [...model.players.values()].filter((each) => !each.hidden);
