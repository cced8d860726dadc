"use strict";
// The page: unpacks its data, then draws each chart with d3. What a chart means, it does not know.
const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#8a8a8a"];
const AREA = ["#000000", "#0072B2", "#D55E00", "#A6D3EF", "#E8E8E8", "#009E73"];
// Paths about a point: circle, square, triangle, diamond, as on paper.
const SHAPES = [(x, y) => `M${x - 3.4},${y}a3.4,3.4 0 1,0 6.8,0a3.4,3.4 0 1,0 -6.8,0`, (x, y) => `M${x - 3},${y - 3}h6v6h-6z`,
  (x, y) => `M${x},${y - 4}l3.7,6.6h-7.4z`, (x, y) => `M${x},${y - 4.2}l4.2,4.2l-4.2,4.2l-4.2,-4.2z`];
const CROSS = (x, y) => `M${x - 4},${y - 4}l8,8M${x - 4},${y + 4}l8,-8`;
const colourOf = one => one.style === "theory" ? "var(--theory)" : COLOURS[one.colour % COLOURS.length];
const dashOf = one => one.style === "theory" ? ["5 3", "1.5 2.5", "7 2 1.5 2"][one.colour % 3] : one.colour >= COLOURS.length ? "5 2" : null;
const tip = document.getElementById("tip");
const hidden = {};  // by parameter: the values that are filtered out

function element(parent, name, attributes = {}, text = null) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  parent.appendChild(made);
  return made;
}

function trimmed(value, digits) { return Number(value.toPrecision(digits)).toString(); }
function bytesText(value) {
  const sign = value < 0 ? "-" : "";
  value = Math.abs(value);
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (value < 1024 || unit === "GiB") return sign + trimmed(value, value < 1000 ? 3 : 4) + " " + unit;
    value /= 1024;
  }
}
function timeText(value) {
  for (const [unit, size] of [["s", 1e9], ["ms", 1e6], ["µs", 1e3]]) if (Math.abs(value) >= size) return trimmed(value / size, 3) + " " + unit;
  return trimmed(value, 3) + " ns";
}
function shown(value, axis) {
  if (axis.scale === "categories") return axis.labels[value];
  if (axis.unit === "bytes") return bytesText(value);
  if (axis.unit === "ns") return timeText(value);
  if (axis.unit === "share" || axis.unit === "percentile") return trimmed(value * 100, 5) + " %";
  return trimmed(value, 5);
}
function exact(value, axis) {
  return (axis.unit === "bytes" || axis.unit === "ns") ? shown(value, axis) + " (" + value + " " + (axis.unit === "ns" ? "ns" : "B") + ")" : shown(value, axis);
}

function showTip(text, x, y) {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 8)) + "px";
  tip.style.top = Math.max(4, Math.min(y + 14, innerHeight - box.height - 8)) + "px";
}
function hideTip() { tip.hidden = true; }
addEventListener("scroll", hideTip, {passive: true});

function isHidden(keys) { return Object.entries(keys || {}).some(([key, value]) => hidden[key] && hidden[key].has(String(value))); }

const W = 440, H = 290, M = {left: 84, right: 28, top: 8, bottom: 44};
const place = (axis, v) => axis.scale === "percentile" ? 1 / Math.max(1 - v, 1e-9) : v;

function values(panel, which) {
  const axis = panel[which], all = [];
  let last = null, stack = [];
  for (const one of panel.series) {
    if (which === "x") { for (const v of one.x) all.push(place(axis, v)); continue; }
    if (one.style === "area") {
      if (String(one.x) !== last) { last = String(one.x); stack = one.x.map(() => 0); }
      stack = stack.map((v, i) => v + (one.y[i] || 0));
      one.top = stack;
      one.base = stack.map((v, i) => v - (one.y[i] || 0));
      for (const v of stack) all.push(v);
      continue;
    }
    for (const list of [one.y, one.lo, one.hi]) if (list) for (const v of list) all.push(v);
    if (one.style === "bars") all.push(0);
  }
  return all.filter(v => v !== null && Number.isFinite(v));
}

function scaleOf(axis, all, range) {
  const logarithmic = ["log2", "log10", "percentile"].includes(axis.scale);
  if (logarithmic) all = all.filter(v => v > 0);
  let [low, high] = d3.extent(all);
  if (low === undefined) [low, high] = [1, 10];
  if (axis.scale === "categories") return d3.scaleLinear([-0.5, Math.max(axis.labels.length - 0.5, 0.5)], range);
  if (axis.least !== null) low = axis.least;
  if (axis.most !== null) high = axis.most;
  if (logarithmic) {
    if (high / low < 1.5) { low /= 1.5; high *= 1.5; }
    const margin = Math.pow(high / low, 0.04);
    return d3.scaleLog().base(axis.scale === "log2" ? 2 : 10).domain([low / margin, high * margin]).range(range);
  }
  if (axis.scale === "symlog") return d3.scaleSymlog().constant(Math.max(d3.min(all.filter(v => v > 0)) || 1, high / 1e6)).domain([Math.min(low, 0), high > 0 ? high * 1.4 : 1]).range(range);
  if (low === high) { low = Math.min(low, 0); high = high > 0 ? high * 1.1 : 1; }
  if (high - low < 0.01 * high && axis.least === null) [low, high] = [(low + high) / 2 - 0.005 * high, (low + high) / 2 + 0.005 * high];
  const margin = 0.04 * (high - low);
  return d3.scaleLinear().domain([low - (axis.least !== null ? 0 : margin), high + margin]).range(range);
}

function ticksOf(axis, scale, most) {
  if (axis.scale === "categories") return d3.range(axis.labels.length).filter(i => i >= scale.domain()[0] && i <= scale.domain()[1]);
  const [from, to] = d3.extent(scale.domain());
  let ticks = scale.ticks(most);
  const powers = axis.scale === "log10" ? d3.range(Math.ceil(Math.log10(from) - 1e-9), Math.floor(Math.log10(to) + 1e-9) + 1).map(i => 10 ** i) : [];
  if (powers.length > 1) ticks = powers;
  if (axis.scale === "percentile") ticks = [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999].map(p => 1 / (1 - p)).filter(v => v >= from && v <= to);
  if (axis.scale === "linear" && axis.unit === "bytes") {
    const unit = 1024 ** Math.max(0, Math.floor(Math.log(Math.max(Math.abs(from), Math.abs(to), 1)) / Math.log(1024)));
    ticks = d3.ticks(from / unit, to / unit, most).map(v => v * unit);
  }
  if (axis.scale === "symlog") ticks = [0, ...d3.range(-9, 15).map(i => 10 ** i)].filter(v => v >= scale.domain()[0] && v <= scale.domain()[1]);
  const least = Math.abs(scale.range()[1] - scale.range()[0]) / most * 0.8, kept = [];
  for (const tick of ticks) if (!kept.length || Math.abs(scale(tick) - scale(kept[kept.length - 1])) >= least) kept.push(tick);
  return kept;
}
function tickText(axis, value) {
  if (axis.scale === "percentile") return trimmed((1 - 1 / value) * 100, 6);
  return shown(value, axis).replace(" %", "");
}

function drawPanel(parent, panel) {
  const box = element(parent, "div", {class: "panel"});
  if (panel.title) element(box, "h3", {}, panel.title);
  const svg = d3.select(box).append("svg").attr("viewBox", `0 0 ${W} ${H}`).attr("tabindex", 0).attr("role", "img")
    .attr("aria-label", panel.title + ": " + panel.y.label + " against " + panel.x.label);
  if (panel.heat) return drawHeat(svg, panel, box);
  const x0 = scaleOf(panel.x, values(panel, "x"), [M.left, W - M.right]);
  const y0 = scaleOf(panel.y, values(panel, "y"), [H - M.bottom, M.top]);
  const id = "clip" + (drawPanel.count = (drawPanel.count || 0) + 1);
  svg.append("clipPath").attr("id", id).append("rect").attr("x", M.left).attr("y", 0).attr("width", W - M.left - M.right).attr("height", H - M.bottom);
  const grid = svg.append("g").attr("class", "grid");
  const plot = svg.append("g").attr("clip-path", `url(#${id})`);
  const left = svg.append("g"), below = svg.append("g");
  svg.append("text").attr("x", (M.left + W - M.right) / 2).attr("y", H - 8).attr("text-anchor", "middle").text(panel.x.label);
  svg.append("text").attr("transform", `translate(12,${(H - M.bottom) / 2}) rotate(-90)`).attr("text-anchor", "middle").style("font-size", Math.min(11, 11 * 44 / panel.y.label.length) + "px").text(panel.y.label);
  const empty = !panel.series.some(one => one.x.length);
  if (empty) svg.append("text").attr("x", W / 2).attr("y", H / 2 - 20).attr("text-anchor", "middle").text(panel.note || "nothing was measured");
  let x = x0, y = y0;
  const draw = () => {
    const tx = empty ? [] : ticksOf(panel.x, x, 6), ty = empty ? [] : ticksOf(panel.y, y, 6);
    below.attr("transform", `translate(0,${H - M.bottom})`).call(d3.axisBottom(x).tickValues(tx).tickFormat(v => tickText(panel.x, v)));
    left.attr("transform", `translate(${M.left},0)`).call(d3.axisLeft(y).tickValues(ty).tickFormat(v => tickText(panel.y, v)));
    grid.selectAll("line").data(ty).join("line").attr("x1", M.left).attr("x2", W - M.right).attr("y1", y).attr("y2", y);
    plot.selectAll("*").remove();
    if (isHidden(panel.keys)) return;
    for (const one of panel.series) {
      if (isHidden(one.keys)) continue;
      const colour = colourOf(one);
      const px = i => x(place(panel.x, one.x[i])), index = d3.range(one.x.length);
      const ok = i => one.y[i] !== null && Number.isFinite(px(i)) && Number.isFinite(y(one.y[i]));
      const stepped = one.style === "step" || one.style === "area" ? d3.curveStepAfter : d3.curveLinear;
      if (one.style === "area") {
        plot.append("path").attr("fill", AREA[one.colour % AREA.length]).attr("d", d3.area().curve(stepped).x(px).y0(i => y(one.base[i])).y1(i => y(one.top[i]))(index));
        continue;
      }
      if (one.lo && one.style !== "cross") plot.append("path").attr("fill", colour).attr("opacity", 0.18)
        .attr("d", d3.area().curve(stepped).defined(i => ok(i) && Number.isFinite(y(one.lo[i]))).x(px).y0(i => y(one.lo[i])).y1(i => y(one.hi[i]))(index));
      if (one.style === "bars") {
        plot.append("path").attr("stroke", colour).attr("d", index.map(i => `M${px(i)},${y(0)}V${y(one.y[i])}`).join(""));
      } else if (one.style === "points" || one.style === "cross") {
        const shape = one.style === "cross" ? CROSS : SHAPES[one.colour % SHAPES.length];
        plot.append("path").attr("fill", one.style === "cross" ? "none" : colour).attr("fill-opacity", 0.5).attr("stroke", colour).attr("stroke-width", one.style === "cross" ? 2 : 1)
          .attr("d", index.filter(ok).map(i => shape(px(i), y(one.y[i]))).join(""));
      } else {
        plot.append("path").attr("fill", "none").attr("stroke", colour).attr("stroke-width", one.style === "theory" || one.x.length > 200 ? 1 : 1.6)
          .attr("stroke-dasharray", dashOf(one))
          .attr("d", d3.line().curve(stepped).defined(ok).x(px).y(i => y(one.y[i]))(index));
        if (one.style !== "theory" && one.x.length <= 40) plot.append("path").attr("fill", colour).attr("d", index.filter(ok).map(i => SHAPES[one.colour % SHAPES.length](px(i), y(one.y[i]))).join(""));
      }
    }
  };
  draw();
  const points = () => {
    const found = [];
    if (isHidden(panel.keys)) return found;
    for (const one of panel.series) if (!isHidden(one.keys)) for (let i = 0; i < one.x.length; ++i) {
      const px = x(place(panel.x, one.x[i])), py = y(one.style === "area" ? one.top[i] : one.y[i]);
      if (Number.isFinite(px) && Number.isFinite(py)) found.push([px, py, one, i]);
    }
    return found;
  };
  const tell = (one, i) => (one.tips ? one.tips[i] + "\n" : "") + one.name + "\n" + panel.x.label + ": " + exact(one.x[i], panel.x) + "\n"
    + panel.y.label + ": " + exact(one.y[i], panel.y) + (one.lo && one.lo[i] !== one.hi[i] ? "\nband: " + shown(one.lo[i], panel.y) + " to " + shown(one.hi[i], panel.y) : "");
  const mark = svg.append("circle").attr("r", 5).attr("fill", "none").attr("stroke", "#e69f00").attr("stroke-width", 2).attr("visibility", "hidden");
  const point = (found, cx, cy) => {
    mark.attr("cx", found[0]).attr("cy", found[1]).attr("visibility", null);
    showTip(tell(found[2], found[3]), cx, cy);
  };
  svg.on("mousemove", function () {
    const [mx, my] = d3.mouse(this);
    let best = null, least = 900;
    for (const one of points()) { const d = (one[0] - mx) ** 2 + (one[1] - my) ** 2; if (d < least) [best, least] = [one, d]; }
    if (best) point(best, d3.event.clientX, d3.event.clientY); else { hideTip(); mark.attr("visibility", "hidden"); }
  }).on("mouseleave blur", () => { hideTip(); mark.attr("visibility", "hidden"); });
  const zoom = d3.zoom().scaleExtent([1, 200]).translateExtent([[0, 0], [W, H]]).on("zoom", () => {
    const t = d3.event.transform;
    const rescaled = (scale, invert) => { const r = scale.range(), c = scale.copy(); return c.domain(r.map(v => scale.invert(invert(v)))); };
    x = rescaled(x0, v => t.invertX(v));
    y = rescaled(y0, v => t.invertY(v));
    draw();
  }).filter(() => !(d3.event.type === "wheel" && !d3.event.ctrlKey && document.activeElement !== svg.node()));
  svg.call(zoom).on("dblclick.zoom", () => svg.call(zoom.transform, d3.zoomIdentity));
  let at = -1;
  svg.on("keydown", () => {
    const key = d3.event.key, all = points();
    if (key === "+" || key === "=") svg.call(zoom.scaleBy, 1.5);
    else if (key === "-") svg.call(zoom.scaleBy, 1 / 1.5);
    else if (key === "0" || key === "Escape") { svg.call(zoom.transform, d3.zoomIdentity); hideTip(); }
    else if ((key === "ArrowRight" || key === "ArrowLeft") && all.length) {
      at = (at + (key === "ArrowRight" ? 1 : -1) + all.length) % all.length;
      const box = svg.node().getBoundingClientRect();
      point(all[at], box.left + all[at][0] * box.width / W, box.top + all[at][1] * box.height / H);
    } else return;
    d3.event.preventDefault();
  });
  drawn.push(draw);
}

/// Lines at the levels between the middles of 2 x 2 cells that are all known. `x`, `y`: places of a column and a row, cell c at c + 0.5.
function drawContours(svg, heat, shown, x, y) {
  const plot = svg.append("g").attr("class", "contours").attr("pointer-events", "none"), over = {};
  for (let r = 0; r + 1 < heat.rows.length; ++r) for (let c = 0; c + 1 < heat.columns.length; ++c) {
    const four = [[r, c], [r, c + 1], [r + 1, c], [r + 1, c + 1]];
    if (!four.every(([i, j]) => shown(i, j))) continue;
    const corners = four.map(([i, j]) => heat.values[i][j]), id = `contours${drawContours.count = (drawContours.count || 0) + 1}`;
    const levels = heat.levels.filter(level => d3.min(corners) < level && level < d3.max(corners));
    if (!levels.length) continue;
    plot.append("clipPath").attr("id", id).append("rect").attr("x", x(c + 0.5)).attr("y", y(r + 1.5)).attr("width", x(c + 1.5) - x(c + 0.5)).attr("height", y(r + 0.5) - y(r + 1.5));
    for (const shape of d3.contours().size([2, 2]).thresholds(levels)(corners)) {
      const points = shape.coordinates.flat(2).map(([u, v]) => [x(c + u), y(r + v)]);
      const path = shape.coordinates.flat().map(ring => "M" + ring.map(([u, v]) => x(c + u) + "," + y(r + v)).join("L")).join("");
      for (const [colour, width] of [["#ffffff", 3], ["#000000", 1.4]])
        plot.append("path").attr("class", "line").attr("clip-path", `url(#${id})`).attr("fill", "none").attr("stroke", colour).attr("stroke-width", width).attr("d", path);
      const inside = points.filter(([px, py]) => px > x(c + 0.5) && px < x(c + 1.5) && py < y(r + 0.5) && py > y(r + 1.5));
      const edge = points.filter(([px, py]) => px >= x(c + 0.5) && px <= x(c + 1.5) && py <= y(r + 0.5) && py >= y(r + 1.5));
      over[shape.value] = over[shape.value] || inside[0] || edge[0];
    }
  }
  for (const [level, at] of Object.entries(over)) if (at)
    plot.append("text").attr("x", at[0]).attr("y", at[1] - 8).attr("text-anchor", "middle").attr("class", "level").text(trimmed(level * (heat.unit === "share" ? 100 : 1), 3) + (heat.unit === "share" ? " %" : ""));
}

function drawHeat(svg, panel, box) {
  const heat = panel.heat, columns = heat.columns.length, rows = heat.rows.length;
  const x = d3.scaleBand(d3.range(columns), [M.left, W - M.right]).padding(0.04), y = d3.scaleBand(d3.range(rows), [H - M.bottom, M.top]).padding(0.04);
  const span = heat.span;
  const colour = d3.scaleSequential(span, d3.interpolateCividis);
  const axis = {unit: heat.unit, scale: "linear"};
  svg.append("g").attr("transform", `translate(0,${H - M.bottom})`).call(d3.axisBottom(x).tickFormat(i => panel.x.labels[i]));
  svg.append("g").attr("transform", `translate(${M.left},0)`).call(d3.axisLeft(y).tickFormat(i => panel.y.labels[i]));
  svg.append("text").attr("x", (M.left + W - M.right) / 2).attr("y", H - 8).attr("text-anchor", "middle").text(panel.x.label);
  svg.append("text").attr("transform", `translate(12,${(H - M.bottom) / 2}) rotate(-90)`).attr("text-anchor", "middle").text(panel.y.label);
  const cells = heat.values.flatMap((row, r) => row.map((v, c) => ({r, c, v})));
  const rects = svg.append("g").selectAll("rect").data(cells).join("rect").attr("x", d => x(d.c)).attr("y", d => y(d.r)).attr("width", x.bandwidth()).attr("height", y.bandwidth())
    .attr("fill", d => d.v === null ? "none" : colour(d.v)).attr("stroke", d => d.v === null ? "var(--line)" : "none");
  const labels = svg.append("g").attr("pointer-events", "none").selectAll("text").data(cells).join("text").attr("x", d => x(d.c) + x.bandwidth() / 2).attr("y", d => y(d.r) + y.bandwidth() / 2 + 4)
    .attr("text-anchor", "middle").style("fill", d => d.v === null ? null : d.v < span[0] + 0.55 * (span[1] - span[0]) ? "#ffffff" : "#000000")
    .text(d => d.v === null ? "×" : x.bandwidth() > 30 ? trimmed(d.v * (heat.unit === "share" ? 100 : 1), 3) : "");
  rects.on("mousemove", d => showTip(`lifetime ${heat.columns[d.c]}, share ${panel.y.labels[d.r]} %\n` + (d.v === null ? "not run, or did not complete" : heat.label.replace(" (%)", "") + ": " + shown(d.v, axis)), d3.event.clientX, d3.event.clientY)).on("mouseleave", hideTip);
  const gone = d => isHidden(panel.keys) || isHidden({"pin.lifetime": heat.columns[d.c], "pin.share": heat.rows[d.r]});
  const drawLines = () => {
    svg.selectAll(".contours").remove();
    drawContours(svg, heat, (r, c) => heat.values[r][c] !== null && !gone({r, c}),
      i => x(0) + x.bandwidth() / 2 + (i - 0.5) * x.step(), i => y(0) + y.bandwidth() / 2 - (i - 0.5) * y.step());
  };
  drawLines();
  drawn.push(() => {
    rects.attr("visibility", d => gone(d) ? "hidden" : null);
    labels.attr("visibility", d => gone(d) ? "hidden" : null);
    drawLines();
  });
  svg.on("keydown", () => {
    if (!d3.event.key.startsWith("Arrow") || !cells.length) return;
    drawHeat.at = ((drawHeat.at || 0) + (/Right|Up/.test(d3.event.key) ? 1 : -1) + cells.length) % cells.length;
    const d = cells[drawHeat.at], at = svg.node().getBoundingClientRect();
    showTip(`lifetime ${heat.columns[d.c]}, share ${panel.y.labels[d.r]} %\n` + (d.v === null ? "not run" : shown(d.v, axis)), at.left + 60, at.top + 40);
    d3.event.preventDefault();
  });
}

const drawn = [];  // what to call when filters change

/// What a series looks like, beside its name.
function drawSwatch(parent, one) {
  if (one.style === "area") { element(parent, "i").style.background = AREA[one.colour % AREA.length]; return; }
  const svg = d3.select(parent).append("svg").attr("class", "swatch").attr("width", 24).attr("height", 12).attr("aria-hidden", "true");
  if (one.style !== "points") svg.append("path").attr("d", "M0,6h24").attr("stroke", colourOf(one)).attr("stroke-width", one.style === "theory" ? 1.2 : 1.8).attr("stroke-dasharray", dashOf(one));
  if (["points", "line"].includes(one.style)) svg.append("path").attr("d", SHAPES[one.colour % SHAPES.length](12, 6)).attr("fill", colourOf(one));
}

function drawChart(chart) {
  const section = element(document.getElementById("charts"), "section", {id: chart.kind});
  element(section, "h2", {}, chart.title);
  element(section, "p", {class: "faint"}, chart.summary + ".");
  const legend = element(section, "div", {class: "legend"}), seen = new Set();
  if (chart.legend) element(legend, "b", {}, chart.legend);
  const rank = one => one.style === "area" ? 0 : one.style === "theory" ? 2 : 1, named = [];
  for (const one of chart.panels.flatMap(panel => panel.series)) {
    if (!one.name || one.style === "cross" || seen.has(one.name)) continue;
    seen.add(one.name);
    named.push(one);
  }
  for (const one of named.sort((a, b) => rank(a) - rank(b) || a.colour - b.colour)) {
    const item = element(legend, "span");
    drawSwatch(item, one);
    item.append(one.name);
  }
  const panels = element(section, "div", {class: "panels"});
  const shares = chart.panels.filter(panel => panel.heat).flatMap(panel => panel.heat.values.flat()).filter(v => v !== null);
  for (const panel of chart.panels) {
    if (panel.heat) panel.heat.span = [Math.min(0, d3.min(shares) || 0), d3.max(shares) || 1];  // one scale for all
    drawPanel(panels, panel);
  }
  element(section, "p", {class: "faint"}, chart.caption);
  element(document.getElementById("contents"), "a", {href: "#" + chart.kind}, chart.title);
}

function drawFilters(data) {
  const known = {};
  const meet = keys => { for (const [key, value] of Object.entries(keys || {})) (known[key] = known[key] || new Set()).add(String(value)); };
  for (const chart of data.charts) for (const panel of chart.panels) {
    meet(panel.keys);
    for (const one of panel.series) meet(one.keys);
  }
  const form = document.getElementById("filters");
  for (const key of Object.keys(known).sort()) {
    if (known[key].size < 2 || known[key].size > 24) continue;
    const set = element(form, "fieldset");
    element(set, "legend", {}, key);
    for (const value of [...known[key]].sort((a, b) => parseFloat(a) - parseFloat(b) || a.localeCompare(b))) {
      const label = element(set, "label"), box = element(label, "input", {type: "checkbox", checked: "", "data-key": key, value});
      label.append(" " + value);
      box.addEventListener("change", () => {
        hidden[key] = hidden[key] || new Set();
        if (box.checked) hidden[key].delete(value); else hidden[key].add(value);
        for (const draw of drawn) draw();
      });
    }
  }
}

function drawRest(data) {
  const missing = document.getElementById("missing");
  if (data.missing.length) {
    element(missing, "h2", {}, "Not shown");
    const list = element(missing, "ul", {class: "faint"});
    for (const sentence of data.missing) element(list, "li", {}, sentence);
  }
  const runs = document.getElementById("runs");
  element(runs, "h2", {}, "Runs");
  const table = element(element(runs, "div", {class: "scroll", tabindex: 0}), "table"), head = element(table, "tr");
  for (const name of ["configuration", "seed", "outcome", "used, peak", "hostage, peak", "space overhead", "record"]) element(head, "th", {}, name);
  for (const row of data.runs) {
    const line = element(table, "tr");
    row.forEach((value, i) => element(line, "td", i >= 3 && i <= 5 ? {class: "n"} : {}, value === null ? "-" : i === 5 ? (value / 1e6).toFixed(3) : i >= 3 && i <= 4 ? bytesText(value) : value));
  }
}

function startScheme() {
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)");
  const set = name => { root.dataset.scheme = name; document.dispatchEvent(new Event("scheme")); };
  set(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => set(dark.matches ? "dark" : "light"));
  document.getElementById("scheme").addEventListener("click", () => set(root.dataset.scheme === "dark" ? "light" : "dark"));
}

async function unpacked() {
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent), letter => letter.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

async function start() {
  startScheme();
  const data = await unpacked();
  if (data.films.length) startFilm(data);
  drawFilters(data);
  data.charts.forEach(drawChart);
  drawRest(data);
  document.documentElement.dataset.ready = Math.round(performance.now());
}
document.addEventListener("DOMContentLoaded", start);
