// Enhances the page: age, range, read-out, filters, two periods. Everything is there without it, too.
"use strict";
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = (selector, within = document) => within.querySelector(selector);
const SVG = "http://www.w3.org/2000/svg";

// Age: computed when the page is looked at, and again each minute.
function age() {
  const made = one("#asof");
  const hours = (Date.now() - Date.parse(made.dateTime)) / 3600000;
  const due = Number(made.dataset.hours);
  const said = hours < 0 ? "" : hours < 1 ? "less than an hour ago"
    : hours < 48 ? `${Math.round(hours)} hours ago` : `${Math.round(hours / 24)} days ago`;
  one("#age").textContent = said && ` (${said})`;
  const stale = hours > 2 * due;
  document.body.classList.toggle("stale-page", stale);
  const notice = one("#stale");
  notice.hidden = !stale;
  const every = due < 48 ? `${Math.round(due)} hours` : `${Math.round(due / 24)} days`;
  notice.textContent = stale ? `This page is out of date: the last run was ${said}, and one is due every ${every}. What it says may no longer be true.` : "";
}
age();
setInterval(age, 60000);

// The chart of errors: a part of its days, and what it shows at a step.
const chart = one("#chart");
if (chart) {
  const days = Number(chart.dataset.days), readings = JSON.parse(chart.dataset.readings);
  const charts = all(".chart", chart), output = one(".readout", chart);
  let from = 0, at = -1;
  const place = x => (x - from) / (1 - from);
  const draw = () => {
    for (const svg of charts) {
      const plot = one(".plot", svg), tall = plot.viewBox.baseVal.height;
      plot.setAttribute("viewBox", `${1000 * from} 0 ${1000 * (1 - from)} ${tall}`);
      for (const each of all("[data-x]", svg)) {
        const x = `${100 * place(Number(each.dataset.x))}%`;
        for (const name of each.tagName === "line" ? ["x1", "x2"] : each.tagName === "circle" ? ["cx"] : ["x"]) each.setAttribute(name, x);
      }
    }
  };
  const show = index => {
    at = Math.max(readings.findIndex(([x]) => x >= from), Math.min(readings.length - 1, index));
    const [x, said] = readings[at];
    output.textContent = said;
    for (const svg of charts) {
      let cursor = one(".cursor", svg);
      if (!cursor) {
        cursor = svg.appendChild(document.createElementNS(SVG, "line"));
        cursor.setAttribute("class", "cursor");
        cursor.setAttribute("y1", 0);
        cursor.setAttribute("y2", one(".plot", svg).viewBox.baseVal.height);
      }
      cursor.dataset.x = x;
      for (const name of ["x1", "x2"]) cursor.setAttribute(name, `${100 * place(x)}%`);
    }
  };
  const nearest = event => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = from + (1 - from) * (event.clientX - box.left) / box.width;
    let best = 0;
    readings.forEach(([here], index) => { if (Math.abs(here - x) < Math.abs(readings[best][0] - x)) best = index; });
    show(best);
  };
  const keys = event => {
    const to = { ArrowLeft: at < 0 ? readings.length - 1 : at - 1, ArrowRight: at + 1, Home: 0, End: readings.length - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); show(to); }
  };
  for (const svg of charts) {
    svg.addEventListener("pointermove", nearest);
    svg.addEventListener("pointerdown", nearest);
  }
  charts[0].setAttribute("tabindex", 0);
  charts[0].setAttribute("aria-label", `${charts[0].getAttribute("aria-label")}; arrow keys read them out`);
  charts[0].addEventListener("keydown", keys);
  const ranges = one(".ranges");
  if (ranges) {
    ranges.hidden = false;
    for (const button of all("button", ranges)) button.addEventListener("click", () => {
      const wanted = Number(button.dataset.days);
      from = wanted ? 1 - wanted / days : 0;
      for (const other of all("button", ranges)) other.setAttribute("aria-pressed", other === button);
      draw();
      if (at >= 0) show(at);
    });
  }
}

// Runs by kind and outcome.
const filters = one("#filters");
if (filters) {
  filters.hidden = false;
  filters.addEventListener("change", () => {
    const kind = filters.elements.kind.value, status = filters.elements.status.value;
    let count = 0;
    for (const row of all("#runs tbody tr")) {
      const [, mine, found] = [...row.cells].map(cell => cell.textContent.trim());
      row.hidden = Boolean(kind && mine !== kind || status && found.split(": ")[0] !== status);
      count += !row.hidden;
    }
    one("output", filters).textContent = `${count} runs`;
  });
  filters.addEventListener("submit", event => event.preventDefault());
}

// Two periods of an input's history, picked on two time axes.
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.~*!+:;,()";
const inputs = one("#inputs"), periods = inputs ? JSON.parse(inputs.dataset.periods) : [];
const TALL = 96, HEADROOM = 1.08;

function prepare(details) {
  if (details.pick || !details.dataset.shares) return;
  const texts = details.dataset.shares.split(" "), bins = details.dataset.bins.split("\n"), top = Number(details.dataset.top), count = bins.length, last = texts.length - 2;
  const decoded = place => [...texts[place]].map(char => ALPHABET.indexOf(char) / 63 * top);
  const names = [...periods, "what it is compared with"];
  const box = one(".dist", details), output = one(".readout", box), pickers = one(".pickers", box);
  let now = [], then = [];
  const draw = () => {
    const [a, b] = [Number(slider.now.value), Number(slider.then.value)];
    now = decoded(a); then = decoded(b);
    const most = Math.max(...now, ...then) * HEADROOM || 1, y = share => (TALL * (1 - share / most)).toFixed(1);
    one("path.now", box).setAttribute("d", now.map((share, i) => share ? `M${1000 * (i + .08) / count} ${TALL}V${y(share)}H${1000 * (i + .92) / count}V${TALL}Z` : "").join(""));
    one("path.then", box).setAttribute("d", `M0 ${TALL}${then.map((share, i) => `V${y(share)}H${1000 * (i + 1) / count}`).join("")}V${TALL}`);
    for (const [name, value] of [["now", a], ["then", b]]) {
      const said = name === "now" && value === last ? "newest week" : names[value];
      one(`.${name}-name`, box).textContent = said;
      slider[name].setAttribute("aria-valuetext", said);
    }
  };
  const slider = {};
  for (const [name, said, most, value] of [["now", "Bars", last, last], ["then", "Outline", last + 1, last + 1]]) {
    const label = pickers.appendChild(document.createElement("label"));
    label.append(said);
    slider[name] = label.appendChild(Object.assign(document.createElement("input"), { type: "range", min: 0, max: most, value }));
    slider[name].value = value;
    slider[name].className = `pick-${name}`;
    slider[name].addEventListener("input", draw);
  }
  pickers.hidden = false;
  one(".pair", box).addEventListener("pointermove", event => {
    const area = event.currentTarget.getBoundingClientRect();
    const bin = Math.max(0, Math.min(count - 1, Math.floor(count * (event.clientX - area.left) / area.width)));
    if (!now.length) draw();
    output.textContent = `${bins[bin]}: ${(100 * now[bin]).toFixed(0)} % and ${(100 * then[bin]).toFixed(0)} %`;
  });
  details.pick = place => { slider.now.value = place; draw(); };
}
function open(details) {
  for (let each = details; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
  prepare(details);
}
for (const details of all("details.input")) details.addEventListener("toggle", () => details.open && prepare(details));

// A click on a week of the heat map leads to that input, and shows that week.
for (const link of all("#heat a")) link.addEventListener("click", event => {
  const details = one(link.hash);
  if (!details) return;
  open(details);
  const strip = one(".strip", link), box = strip.getBoundingClientRect();
  const back = Math.floor((box.right - event.clientX) / box.width * strip.viewBox.baseVal.width);
  if (details.pick && event.detail && event.clientX >= box.left) {
    const weekly = Math.min(52, periods.length), last = periods.length - 1;
    details.pick(Math.max(0, back < weekly ? last - back : last - weekly - Math.floor((back - weekly) / 4)));
  }
});
const target = () => { const found = location.hash.startsWith("#input-") && document.getElementById(location.hash.slice(1)); if (found) { open(found); found.scrollIntoView(); } };
addEventListener("hashchange", target);
target();
addEventListener("beforeprint", () => all("details").forEach(each => { each.open = true; }));
