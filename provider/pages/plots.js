// The two plots: the last two minutes, second by second. Chart.js draws; colours are the page's own, by day and by night.
/* global Chart */

import { find, show, milliseconds } from "/page.js";
import { model, SECONDS } from "/model.js";

const SECONDS_AT_LEAST = 30;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const plots = [];

const line = (label, name, fill) => ({ label, name, data: [], borderWidth: 2.5, pointRadius: 0, pointHitRadius: 12, tension: 0.25, cubicInterpolationMode: "monotone", spanGaps: false, fill: fill ? "origin" : false });

const axis = (extra) => ({ border: { display: false }, grid: { drawBorder: false, drawTicks: false }, ...extra });

const make = (id, datasets, y) => new Chart(find(id), {
  type: "line",
  data: { datasets },
  options: {
    animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true, events: ["mousemove", "mouseout"],
    interaction: { mode: "index", intersect: false },
    layout: { padding: { top: 6, right: 4 } },
    scales: {
      x: axis({ type: "linear", max: 0, min: -SECONDS_AT_LEAST, ticks: { maxTicksLimit: 5, maxRotation: 0, callback: (value) => (value === 0 ? "now" : `${-value} s`) } }),
      y: axis({ beginAtZero: true, ...y }),
    },
    plugins: { legend: { display: false }, tooltip: { displayColors: false, callbacks: { title: (items) => (items.length ? `${-items[0].parsed.x} s ago` : "") } } },
  },
});

const paint = (chart) => {
  const { scales } = chart.options;
  for (const each of [scales.x, scales.y]) {
    each.ticks.color = colour("--quiet");
    each.ticks.font = { family: getComputedStyle(document.body).fontFamily, size: Math.max(12, 0.8 * parseFloat(getComputedStyle(document.documentElement).fontSize)) };
  }
  scales.x.grid.display = false;
  scales.y.grid.color = colour("--line");
  for (const dataset of chart.data.datasets) {
    dataset.borderColor = colour(dataset.name);
    dataset.backgroundColor = `color-mix(in srgb, ${colour(dataset.name)} 16%, transparent)`;
  }
  chart.update("none");
};

// A function's wake-up beside the milliseconds after it: the scale of times is logarithmic, its lines at 1, 10, 100, …
const powersOfTen = { type: "logarithmic", min: 1, beginAtZero: false, afterBuildTicks: (scale) => { scale.ticks = [1, 10, 100, 1e3, 1e4, 1e5, 1e6].filter((each) => each >= scale.min && each <= scale.max).map((value) => ({ value })); },
  ticks: { callback: (value) => milliseconds(value) } };

export const makePlots = () => {
  plots.push(make("rate-plot", [line("all", "--accent", true), line("cheating", "--red", true)], { ticks: { maxTicksLimit: 5, precision: 0 } }),
    make("latency-plot", [line("p50", "--accent", true), line("p99", "--wait")], powersOfTen));
  plots.forEach(paint);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.forEach(paint));
};

const firstSecond = (last) => {
  let first = last;
  for (const [second, row] of model.series) if (row[1] || row[2]) first = Math.min(first, second);
  return first;
};

const fill = (chart, columns, last, span, atLeast) => {
  chart.data.datasets.forEach((dataset, i) => {
    dataset.data = [];
    for (let ago = span; ago >= 0; ago--) {
      const row = model.series.get(last - ago);
      const value = row ? row[columns[i]] : null;
      dataset.data.push({ x: -ago, y: value === null || value < 0 ? NaN : Math.max(value, atLeast) });
    }
  });
  chart.options.scales.x.min = -span;
  chart.update("none");
};

let drawn = 0;
export const showPlots = ({ latency, round }) => {
  show("p50", milliseconds(latency.p50));
  show("p99", milliseconds(latency.p99));
  const last = Math.max(...model.series.keys());
  const mark = Number.isFinite(last) ? last + round.number * 1e12 : 0;
  if (mark === drawn || !plots.length) return; // a second's values do not change when it is over
  drawn = mark;
  const span = Number.isFinite(last) ? Math.min(SECONDS - 1, Math.max(SECONDS_AT_LEAST, last - firstSecond(last))) : SECONDS_AT_LEAST;
  fill(plots[0], [1, 3], last, span, 0);
  fill(plots[1], [4, 5], last, span, 1);
};
