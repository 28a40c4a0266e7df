// What both pages need: finding and making elements, and how things are written. Text from outside goes in as text, never as markup.

export const UNKNOWN = "–";

export const find = (id) => document.getElementById(id);

export const show = (id, text) => {
  const node = find(id);
  if (node.textContent !== text) node.textContent = text;
};

export const element = (name, className, ...content) => {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.append(...content.filter((each) => each !== undefined && each !== null));
  return node;
};

export const isKnown = (value) => value !== null && value !== undefined && value >= 0;

export const count = (value) => (isKnown(value) ? Math.round(value).toLocaleString("en") : UNKNOWN);

// "12,345", and "123K" where that would need more room.
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
export const brief = (value) => (isKnown(value) && value >= 1e5 ? compact.format(value) : count(value));

export const milliseconds = (value) => {
  if (!isKnown(value)) return UNKNOWN;
  if (value < 1000) return `${Math.round(value)} ms`;
  if (value < 120000) return `${(value / 1000).toFixed(value < 10000 ? 1 : 0)} s`;
  return `${Math.round(value / 60000)} min`;
};

export const clock = (at) => new Date(at).toLocaleTimeString("en-GB");
export const clockWithMilliseconds = (at) => `${clock(at)}.${String(Math.floor(at % 1000)).padStart(3, "0")}`;

export const nameOf = (player) => player.name || player.id;

// A key's colour: the same on every page, and never red, which is for cheating.
export const hueOf = (key) => {
  let hash = 2166136261;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 16777619);
  hash ^= hash >>> 15;
  return 40 + ((hash >>> 0) % 24) * 12;
};

export const paint = (node, key) => {
  node.style.setProperty("--hue", hueOf(key));
  return node;
};

export const counted = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;
