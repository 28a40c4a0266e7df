// One event, from its making to its verdict: attributes, where it stands in Kafka, how it looks over HTTP, and when it was where.

import { find, element, clockWithMilliseconds, milliseconds, nameOf } from "/page.js";

const list = (pairs) => element("dl", "", ...pairs.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
const part = (title, ...content) => element("div", "", element("h3", "", title), ...content);

const hop = (name, at, since, className) => {
  const known = at !== null && at !== undefined;
  return element("li", known ? className : "missing", element("b", "", !known ? "not yet" : since === null ? clockWithMilliseconds(at) : `+${milliseconds(Math.max(0, at - since))}`), name,
    element("span", "", known && since !== null ? clockWithMilliseconds(at) : ""));
};

const hops = ({ hit, verdict, committed }) => element("ol", "hops",
  hop("made", hit.made, null), hop(`stored in ${hit.topic}`, hit.stored, hit.made),
  verdict ? hop(`verdict in ${verdict.topic}`, verdict.stored, hit.stored, verdict.verdict === "cheating" ? "bad" : "") : hop("verdict", null, null),
  hop("on this board", verdict ? verdict.read : hit.read, verdict ? verdict.stored : hit.stored),
  element("li", committed ? "" : "missing", element("b", "", committed ? "done" : committed === null ? "unknown" : "not yet"), "committed by the adapter"));

const showEvent = (found) => {
  const { hit, verdict } = found;
  const mark = element("span", "verdict", verdict ? verdict.verdict : "no verdict yet");
  if (verdict) mark.dataset.verdict = verdict.verdict;
  find("inspector-title").replaceChildren(`Event ${hit.attributes.id} `, mark);
  const what = element("div", "", part("CloudEvent", list(Object.entries(hit.attributes))));
  if (verdict) what.append(part(`Verdict, partition ${verdict.partition}, offset ${verdict.offset}`, list(Object.entries(verdict.attributes)), element("pre", "", verdict.data)));
  const columns = element("div", "columns", what, element("div", "",
    part("In Kafka", list([["topic", hit.topic], ["partition", `${hit.partition}`], ["offset", `${hit.offset}`], ["key", hit.key ?? "none"]])),
    part("As the adapter sends it", element("pre", "http", hit.http))));
  find("inspector-body").replaceChildren(hops(found), columns);
};

const say = (title, text) => {
  find("inspector-title").textContent = title;
  find("inspector-body").replaceChildren(element("p", "", text));
};

export const inspect = async (partition, offset, player) => {
  const dialog = find("inspector");
  say(player ? nameOf(player) : "Event", "Looking for it…");
  if (!dialog.open) dialog.showModal();
  if (partition === null || partition === undefined || partition < 0) {
    say(player ? nameOf(player) : "Event", player ? `Flagged for event ${player.flagged.event} by ${player.flagged.rule}. The event itself came before what this board has read.` : "Its hit came before what this board has read.");
    return;
  }
  try {
    const answer = await fetch(`/api/event?partition=${partition}&offset=${offset}`);
    if (answer.ok) showEvent(await answer.json());
    else say(`Partition ${partition}, offset ${offset}`, answer.status === 404 ? "The board no longer keeps this event: it keeps the latest ones, and the latest that were cheating." : `The provider answered ${answer.status}.`);
  } catch {
    say(`Partition ${partition}, offset ${offset}`, "The provider cannot be reached.");
  }
};
