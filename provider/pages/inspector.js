// One event, from its making to its verdict: attributes, where it stands in Kafka, how it looks over HTTP, and when it was where. And dead
// letters: why, and what they hold.

import { find, element, clock, clockWithMilliseconds, milliseconds, nameOf } from "/page.js";

const list = (pairs) => element("dl", "", ...pairs.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
const part = (title, ...content) => element("div", "", element("h3", "", title), ...content);

const hop = (name, at, since, className, missing = "not yet") => {
  const known = at !== null && at !== undefined;
  return element("li", known ? className : "missing", element("b", "", !known ? missing : since === null ? clockWithMilliseconds(at) : `+${milliseconds(Math.max(0, at - since))}`), name,
    element("span", "", known && since !== null ? clockWithMilliseconds(at) : ""));
};

// A hit that was read back from Kafka is older than what this board keeps, and so is its verdict.
const isReadBack = (hit) => hit.read === null;

const hops = ({ hit, verdict, committed }) => element("ol", "hops",
  hop("made", hit.made, null), hop(`stored in ${hit.topic}`, hit.stored, hit.made),
  verdict ? hop(`verdict in ${verdict.topic}`, verdict.stored, hit.stored, verdict.verdict === "cheating" ? "bad" : "") : hop("verdict", null, null, "", isReadBack(hit) ? "not kept" : "not yet"),
  hop("on this board", verdict ? verdict.read : hit.read, verdict ? verdict.stored : hit.stored, "", isReadBack(hit) ? "read back" : "not yet"),
  element("li", committed ? "" : "missing", element("b", "", committed ? "done" : committed === null ? "unknown" : "not yet"), "committed by the adapter"));

const showEvent = (found) => {
  const { hit, verdict } = found;
  const mark = element("span", "verdict", verdict ? verdict.verdict : isReadBack(hit) ? "read back from Kafka" : "no verdict yet");
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

const open = (title) => {
  say(title, "Looking for it…");
  if (!find("inspector").open) find("inspector").showModal();
};

// What the server says of it, or why there is nothing, as text in the dialog's place.
const ask = async (path, title, showAnswer) => {
  try {
    const answer = await fetch(path);
    const body = await answer.json();
    if (answer.ok) showAnswer(body);
    else say(title, `${body.title}: ${body.detail}.`);
  } catch {
    say(title, "The provider cannot be reached.");
  }
};

// ---- Dead letters

const WHY = { ce_knativeerrorcode: "answer", ce_knativeerrordest: "sent to", umpire_attempts: "attempts", umpire_group: "by group", umpire_failed_at: "given up",
  umpire_origin_topic: "from topic", umpire_origin_partition: "partition", umpire_origin_offset: "offset" };
const isAboutFailure = (name) => name.startsWith("ce_knativeerror") || name.startsWith("umpire_");

const showLetter = ({ dead_letter: letter }) => {
  const headers = new Map(letter.headers);
  const why = Object.entries(WHY).filter(([name]) => headers.has(name)).map(([name, title]) => [title, headers.get(name)]);
  find("inspector-title").textContent = `Dead letter ${headers.get("ce_id") ?? ""}`;
  find("inspector-body").replaceChildren(element("div", "columns",
    element("div", "", part("Why", list(why)), letter.reason ? part("What came back", element("pre", "", letter.reason)) : null),
    element("div", "", part("In Kafka", list([["topic", letter.topic], ["partition", `${letter.partition}`], ["offset", `${letter.offset}`], ["key", letter.key ?? "none"]])),
      part("The record as it was", list(letter.headers.filter(([name]) => !isAboutFailure(name))), element("pre", "", letter.value ?? "")))));
};

const inspectDeadLetter = (partition, offset) => {
  const title = `Dead letter, partition ${partition}, offset ${offset}`;
  open(title);
  ask(`/api/event?of=dead-letters&partition=${partition}&offset=${offset}`, title, showLetter);
};

const letterButton = (letter) => {
  const what = letter.id ? `Event ${letter.id}` : `Record ${letter.offset}`;
  const button = element("button", "", element("strong", "", what), element("span", "", letter.stored ? clock(letter.stored) : ""),
    element("span", "quiet", [letter.code && letter.code !== "0" ? `answered ${letter.code}` : letter.code ? "not sent" : "", letter.reason].filter(Boolean).join(": ") || "no reason given"));
  button.type = "button";
  button.addEventListener("click", () => inspectDeadLetter(letter.partition, letter.offset));
  return element("li", "", button);
};

export const listDeadLetters = () => {
  const title = "Dead letters, the latest first";
  open(title);
  ask("/api/dead-letters", title, ({ dead_letters: letters }) => {
    find("inspector-title").textContent = title;
    find("inspector-body").replaceChildren(element("ol", "letters", ...letters.map(letterButton)));
  });
};

// ---- Events

export const inspect = (partition, offset, player) => {
  open(player ? nameOf(player) : "Event");
  if (partition === null || partition === undefined || partition < 0) {
    say(player ? nameOf(player) : "Event", player ? `Flagged for event ${player.flagged.event} by ${player.flagged.rule}. The event itself came before what this board has read.` : "Its hit came before what this board has read.");
    return;
  }
  ask(`/api/event?partition=${partition}&offset=${offset}`, `Partition ${partition}, offset ${offset}`, showEvent);
};
