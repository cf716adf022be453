"use strict";
// The page is complete without this script; it adds drilling down, searching and sorting.
// Everything from devices is put in by textContent: no string is ever read as markup.
(() => {
  const $ = (id) => document.getElementById(id);
  const index = JSON.parse($("index").textContent);
  const { cases, vehicles, chargers, looks, cells, reasons, sides, starts, attempts } = index;
  const verdictOf = (cell) => looks[cells.verdict.charCodeAt(cell) - 97];

  const make = (tag, text, attributes) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return element;
  };
  const badge = (look) => {
    const element = make("span", undefined, { class: "v v-" + look.name });
    element.append(make("span", look.glyph, { "aria-hidden": "true" }), " " + look.label);
    return element;
  };

  // Details lie in the page as compressed chunks and are opened one at a time.
  const opened = new Map();
  const open = async (number) => {
    if (!opened.has(number)) {
      const packed = Uint8Array.from(atob($("chunk-" + number).textContent), (letter) => letter.charCodeAt(0));
      const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
      opened.set(number, JSON.parse(await new Response(stream).text()));
      if (opened.size > 24) opened.delete(opened.keys().next().value);
    }
    return opened.get(number);
  };
  const detailsOf = async (cell) => {
    let low = 0, high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= cell) low = middle; else high = middle - 1;
    }
    return (await open(low))[cell - starts[low]];
  };

  // The list of every verdict: only the rows in sight exist.
  const HEIGHT = 34;
  let shown = [];
  const list = $("list"), runway = $("runway");
  const word = (cell) => (cases[cells.case[cell]].join(" ") + " " + vehicles[cells.vehicle[cell]] + " " +
    chargers[cells.charger[cell]] + " " + reasons[cells.reason[cell]]).toLowerCase();
  const rowOf = (place) => {
    const cell = shown[place];
    const row = make("button", undefined, { class: "row", type: "button", style: `top:${place * HEIGHT}px` });
    row.append(make("code", cases[cells.case[cell]][0]), make("bdi", vehicles[cells.vehicle[cell]]),
      make("bdi", chargers[cells.charger[cell]]), badge(verdictOf(cell)), make("bdi", reasons[cells.reason[cell]]));
    row.onclick = () => showCell(cell);
    return row;
  };
  const rows = new Map();
  const draw = () => {  // rows that stay in sight stay as they are
    const first = Math.max(0, Math.floor(list.scrollTop / HEIGHT) - 6);
    const last = Math.min(shown.length, first + Math.ceil(list.clientHeight / HEIGHT) + 12);
    for (const [place, row] of rows) if (place < first || place >= last) { row.remove(); rows.delete(place); }
    for (let place = first; place < last; place++) {
      if (rows.has(place)) continue;
      rows.set(place, rowOf(place));
      const after = rows.get(place - 1);
      if (after) after.after(rows.get(place)); else runway.prepend(rows.get(place));
    }
  };
  const choose = () => {
    const wanted = $("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = $("only-verdict").value, only = $("only-case").value, order = $("order").value;
    shown = [];
    for (let cell = 0; cell < cells.case.length; cell++) {
      if (verdict && verdictOf(cell).name !== verdict) continue;
      if (only !== "" && cells.case[cell] !== Number(only)) continue;
      if (wanted.length) {
        const words = word(cell);
        if (!wanted.every((one) => words.includes(one))) continue;
      }
      shown.push(cell);
    }
    const by = {
      worst: (a, b) => verdictOf(b).rank - verdictOf(a).rank || a - b,
      vehicle: (a, b) => cells.vehicle[a] - cells.vehicle[b] || a - b,
      charger: (a, b) => cells.charger[a] - cells.charger[b] || a - b,
    }[order];
    if (by) shown.sort(by);
    runway.style.height = shown.length * HEIGHT + "px";
    list.scrollTop = 0;
    rows.clear();
    runway.replaceChildren();
    $("shown").textContent = `${shown.length} of ${cells.case.length}`;
    draw();
  };
  cases.forEach((one, place) => $("only-case").append(make("option", one[0], { value: place })));
  let waiting = 0;
  $("search").oninput = () => { clearTimeout(waiting); waiting = setTimeout(choose, 120); };
  for (const id of ["only-verdict", "only-case", "order"]) $(id).onchange = choose;
  $("filters").onsubmit = (event) => event.preventDefault();
  list.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  $("filters").hidden = list.hidden = false;
  if ($("plain")) $("plain").style.display = "none";
  choose();

  // Cell, attempts, steps, messages.
  const dialog = $("detail"), body = $("detail-body");
  let cellsOfPair = [];
  const present = (title) => {
    $("detail-title").textContent = title;
    if (!dialog.open) dialog.showModal();
    body.scrollTop = dialog.scrollTop = 0;
  };
  $("close").onclick = () => dialog.close();
  dialog.addEventListener("close", () => {
    if (location.hash.startsWith("#cell=")) history.replaceState(null, "", location.pathname + location.search);
  });

  const showPair = (vehicle, charger) => {
    const found = [];
    for (let cell = 0; cell < cells.case.length; cell++)
      if (cells.vehicle[cell] === vehicle && cells.charger[cell] === charger) found.push(cell);
    found.sort((a, b) => verdictOf(b).rank - verdictOf(a).rank || a - b);
    cellsOfPair = found;
    if (found.length) showCell(found[0]);
  };
  const showCell = async (cell, attempt) => {
    const vehicle = cells.vehicle[cell], charger = cells.charger[cell];
    if (!cellsOfPair.includes(cell)) {
      cellsOfPair = [];
      for (let one = 0; one < cells.case.length; one++)
        if (cells.vehicle[one] === vehicle && cells.charger[one] === charger) cellsOfPair.push(one);
    }
    present(`${vehicles[vehicle]} with ${chargers[charger]}`);
    history.replaceState(null, "", "#cell=" + cell);
    const pick = make("div", undefined, { class: "cellpick", role: "group", "aria-label": "Cases of this pairing" });
    for (const one of cellsOfPair) {
      const button = make("button", undefined, { type: "button", "aria-current": one === cell, title: cases[cells.case[one]][1] });
      button.append(badge(verdictOf(one)), " ", make("code", cases[cells.case[one]][0]));
      button.onclick = () => showCell(one);
      pick.append(button);
    }
    const details = await detailsOf(cell);
    const head = make("h3");
    head.append(make("code", cases[cells.case[cell]][0]), " ", make("bdi", cases[cells.case[cell]][1]));
    const verdict = make("p");
    verdict.append(badge(verdictOf(cell)));
    if (sides[cells.side[cell]]) verdict.append(`, charged to ${sides[cells.side[cell]]}`);
    if (reasons[cells.reason[cell]]) verdict.append(": ", make("bdi", reasons[cells.reason[cell]]));
    const tabs = make("div", undefined, { class: "tabs", role: "group", "aria-label": "Attempts" });
    const place = make("div");
    details.forEach((one) => {
      const button = make("button", undefined, { type: "button" });
      button.append(`attempt ${one.number} `, badge(looks.find((look) => look.name === one.verdict)));
      button.onclick = () => {
        for (const other of tabs.children) other.setAttribute("aria-pressed", other === button);
        showAttempt(place, one);
      };
      tabs.append(button);
    });
    body.replaceChildren(pick, head, ...(details.length === 1 ? [] : [verdict]), tabs, place);
    if (!details.length) place.append(make("p", "No attempt was made."));
    const wanted = details.findIndex((one) => one.id === attempt);
    const button = tabs.children[wanted >= 0 ? wanted : details.length - 1];
    if (button) button.click();
  };
  const table = (heads, rows) => {
    const scroll = make("div", undefined, { class: "scroll" }), element = make("table"), head = make("tr"), rest = make("tbody");
    for (const one of heads) head.append(make("th", one, { scope: "col" }));
    for (const row of rows) {
      const line = make("tr");
      for (const one of row) { const field = make("td"); field.append(one instanceof Node ? one : make("bdi", one)); line.append(field); }
      rest.append(line);
    }
    const top = make("thead");
    top.append(head);
    element.append(top, rest);
    scroll.append(element);
    return scroll;
  };
  const named = (name) => looks.find((look) => look.name === name);
  const showAttempt = (place, one) => {
    const parts = [];
    const facts = [one.id, one.started && `${one.started} UTC`, one.duration, `${one.time_mode} time`, one.exit_reason].filter(Boolean);
    parts.push(make("p", facts.join(" · "), { class: "small" }));
    if (one.reason) { const reason = make("p"); reason.append(badge(named(one.verdict)), one.side ? `, charged to ${one.side}: ` : ": ", make("bdi", one.reason)); parts.push(reason); }
    if (one.findings.length) {
      const line = make("p", "Findings: ");
      one.findings.forEach((number) => { const link = make("a", String(number), { href: "#finding-" + number }); link.onclick = () => dialog.close(); line.append(link, " "); });
      parts.push(line);
    }
    const parameters = Object.entries(one.parameters);
    if (parameters.length) parts.push(make("p", "Parameters as run: " + parameters.map(([key, value]) => `${key} = ${value}`).join("; "), { class: "small" }));
    if (one.measurements.length) {
      parts.push(make("h3", "Measurements"));
      parts.push(table(["Quantity", "Value and limit", "Source of the limit", "Verdict", "Side"],
        one.measurements.map((each) => [each.name, each.text, `${each.source} ${each.reference}`, badge(named(each.verdict)), each.side])));
    }
    if (one.timeline) parts.push(make("h3", "What was said and measured"), ...showTimeline(one));
    else if (one.steps.length) {
      parts.push(make("h3", "Steps"));
      parts.push(table(["at s", "Step", "Answer"], one.steps.map((step) => [step.at_s.toFixed(3), step.text, step.answer])));
    }
    if (one.without_timeline) parts.push(make("p", one.without_timeline, { class: "small" }));
    if (one.evidence.length) {
      parts.push(make("h3", "Evidence"));
      parts.push(table(["File", "Octets", "SHA-256"], one.evidence.map((file) => [file.path || "–", String(file.bytes), make("code", file.sha256)])));
    }
    place.replaceChildren(...parts);
  };

  // One time axis: measured power above, a lane for each channel below, the messages underneath.
  const NS = "http://www.w3.org/2000/svg";
  const svg = (tag, attributes, text) => {
    const element = document.createElementNS(NS, tag);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const LINES = ["#0b5394", "#b3261e", "#1f7a43", "#6a3fa0"], DASHES = ["", "6 3", "2 3", "8 3 2 3"];
  const showTimeline = (one) => {
    const { entries, curves, left_out } = one.timeline;
    const lanes = [...new Set(entries.map((entry) => entry.lane))];
    const powers = curves.filter((curve) => curve.name.endsWith("_w")).slice(0, 4);
    const times = entries.map((entry) => entry.at_s).concat(...powers.map((curve) => curve.points.map((point) => point[0])));
    const start = times.reduce((a, b) => Math.min(a, b), Infinity), end = times.reduce((a, b) => Math.max(a, b), -Infinity);
    const width = 1000, left = 120, top = powers.length ? 150 : 6, lane = 20, height = top + lanes.length * lane + 26;
    const x = (at) => left + (width - left - 16) * (at - start) / ((end - start) || 1);
    const axis = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "axis", role: "img", "aria-label": "Channels and measured power over time" });
    if (powers.length) {
      const all = powers.flatMap((curve) => curve.points.map((point) => point[1])).concat(0);
      let low = all.reduce((a, b) => Math.min(a, b)), high = all.reduce((a, b) => Math.max(a, b));
      const margin = (high - low) * 0.08 || 1; low -= margin; high += margin;
      const y = (value) => 136 - 112 * (value - low) / (high - low);
      for (const mark of [low + margin, 0, high - margin]) {
        axis.append(svg("line", { x1: left, x2: width - 16, y1: y(mark), y2: y(mark), stroke: mark === 0 ? "#5b6670" : "#d5dade" }),
          svg("text", { x: left - 6, y: y(mark) + 4, "text-anchor": "end", "font-size": 11, fill: "#56616b" }, `${Math.round(mark).toLocaleString("en").replaceAll(",", "\u202f").replace("-", "−")} W`));
      }
      powers.forEach((curve, place) => {
        let points = curve.points;
        if (curve.name.startsWith("setpoint")) points = points.flatMap((point, at) => at ? [[point[0], points[at - 1][1]], point] : [point]).concat([[end, points[points.length - 1][1]]]);
        axis.append(svg("polyline", { points: points.map((point) => `${x(point[0]).toFixed(1)},${y(point[1]).toFixed(1)}`).join(" "), fill: "none", stroke: LINES[place], "stroke-width": 1.6, "stroke-dasharray": DASHES[place] }),
          svg("line", { x1: left + place * 210, x2: left + place * 210 + 24, y1: 10, y2: 10, stroke: LINES[place], "stroke-width": 2, "stroke-dasharray": DASHES[place] }),
          svg("text", { x: left + place * 210 + 30, y: 14, "font-size": 11 }, `${curve.name} (${curve.role})`));
      });
    }
    lanes.forEach((name, place) => {
      const at = top + place * lane + 10;
      axis.append(svg("line", { x1: left, x2: width - 16, y1: at, y2: at, stroke: "#d5dade" }),
        svg("text", { x: left - 6, y: at + 4, "text-anchor": "end", "font-size": 11, fill: "#1d2730" }, name.slice(0, 18)));
    });
    const wants = new Set(one.proof);
    const inFront = [...entries.keys()].sort((a, b) => wants.has(entries[a].number) - wants.has(entries[b].number));
    inFront.forEach((place) => {
      const entry = entries[place];
      const at = top + lanes.indexOf(entry.lane) * lane + 10, proves = wants.has(entry.number);
      const dot = svg("circle", { cx: x(entry.at_s).toFixed(1), cy: at, r: proves ? 5.5 : 3, fill: proves ? "#b3261e" : "#0b5394", "fill-opacity": proves ? 1 : 0.65, style: "cursor:pointer" });
      dot.append(svg("title", {}, `${entry.at_s.toFixed(3)} s ${entry.title}`));
      dot.onclick = () => { says.children[place].open = true; says.children[place].scrollIntoView({ block: "nearest" }); };
      axis.append(dot);
    });
    for (let part = 0; part <= 5; part++) {
      const at = start + (end - start) * part / 5;
      axis.append(svg("text", { x: x(at), y: height - 6, "text-anchor": part === 5 ? "end" : "middle", "font-size": 11, fill: "#56616b" }, `${at.toFixed(1)} s`));
    }
    const says = make("div", undefined, { class: "says", tabindex: "0", role: "region", "aria-label": "Messages in order" });
    for (const entry of entries) {
      const line = make("details", undefined, wants.has(entry.number) ? { class: "hit" } : {});
      const head = make("summary");
      head.append(make("span", entry.at_s.toFixed(3) + " s", { class: "at" }), make("span", entry.lane),
        make("bdi", [entry.source, entry.target].filter(Boolean).join(" → ")), make("bdi", (wants.has(entry.number) ? "✗ " : "") + entry.title));
      line.append(head);
      line.ontoggle = () => { if (line.open && line.children.length < 2) line.append(make("pre", entry.detail === null ? "no more was recorded" : typeof entry.detail === "string" ? entry.detail : JSON.stringify(entry.detail, null, 1))); };
      says.append(line);
    }
    const parts = [axis, says];
    if (left_out) parts.push(make("p", `${left_out} events in the middle are left out here; the transcript in the evidence holds them all.`, { class: "small" }));
    return parts;
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-v],button[data-attempt]");
    if (!button) return;
    if (button.dataset.attempt !== undefined) {
      const cell = attempts[button.dataset.attempt];
      if (cell !== undefined) showCell(cell, button.dataset.attempt);
    } else showPair(Number(button.dataset.v), Number(button.dataset.s));
  });
  const asked = /^#cell=(\d+)$/.exec(location.hash);
  if (asked && Number(asked[1]) < cells.case.length) showCell(Number(asked[1]));
})();
