// The heap map as a film: two runs side by side on one clock. A pane shows the last map at or before the clock.
const ACROSS = 128;  // cells in a line

function kindColours(kinds) {
  const colours = Object.fromEntries(kinds.map(([letter, , colour]) => [letter, colour]));
  return document.documentElement.dataset.scheme === "dark" ? {...colours, u: "#16181c", f: "#3a3f47", i: "#ffffff"} : colours;
}

class Pane {
  constructor(parent, data, chosen) {
    this.films = data.films;
    this.kinds = data.kinds;
    this.site = null;
    this.cursor = -1;
    this.box = element(parent, "div", {class: "pane"});
    this.select = element(this.box, "select", {"aria-label": "run"});
    this.films.forEach((film, i) => element(this.select, "option", {value: i}, film.name));
    this.title = element(this.box, "p", {class: "faint"});
    this.canvas = element(this.box, "canvas", {tabindex: 0, role: "img", "aria-label": "map of the heap; arrow keys move from cell to cell"});
    this.sites = element(this.box, "div", {class: "sites", "aria-label": "sites"});
    this.select.value = String(chosen);
    this.select.addEventListener("change", () => { this.site = null; this.show(this.clock); });
    this.canvas.addEventListener("mousemove", event => {
      const box = this.canvas.getBoundingClientRect();
      const cell = Math.floor((event.clientY - box.top) / box.height * this.lines) * ACROSS + Math.floor((event.clientX - box.left) / box.width * ACROSS);
      this.point(cell, event.clientX, event.clientY);
    });
    this.canvas.addEventListener("mouseleave", () => { this.cursor = -1; hideTip(); this.paint(); });
    this.canvas.addEventListener("blur", () => { this.cursor = -1; hideTip(); this.paint(); });
    this.canvas.addEventListener("keydown", event => {
      const step = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: ACROSS, ArrowUp: -ACROSS}[event.key];
      if (!step || !this.map) return;
      event.preventDefault();
      const cell = Math.max(0, Math.min(this.map.cells.length - 1, Math.max(this.cursor, 0) + step)), box = this.canvas.getBoundingClientRect();
      this.point(cell, box.left + (cell % ACROSS) / ACROSS * box.width, box.top + Math.floor(cell / ACROSS) / this.lines * box.height);
    });
  }

  get film() { return this.films[Number(this.select.value)]; }

  show(clock) {
    this.clock = clock;
    const maps = this.film.maps;
    let low = 0, high = maps.length;
    while (low < high) { const middle = (low + high) >> 1; if (maps[middle].clock <= clock) low = middle + 1; else high = middle; }
    this.map = low > 0 ? maps[low - 1] : null;
    if (!this.map) {
      this.title.textContent = "no collection yet";
      this.canvas.width = ACROSS; this.canvas.height = this.lines = 1;
      this.sites.replaceChildren();
      return;
    }
    const map = this.map;
    this.box.dataset.collection = map.collection;
    this.title.textContent = `collection ${map.collection}, ${map.kind}, after ${bytesText(map.clock)} allocated: ${map.island_count} islands of ${bytesText(map.bytes.island)}, held ${bytesText(map.bytes.held)}`
      + (map.hostage ? `, hostage ${bytesText(d3.sum(map.hostage, ([, bytes]) => bytes))}` : "") + `; a cell is ${bytesText(map.cell_bytes)}`;
    this.islands = new Map();
    this.bySite = new Map();
    for (const island of map.islands) {
      if (!this.islands.has(island[0])) this.islands.set(island[0], []);
      this.islands.get(island[0]).push(island);
      const sum = this.bySite.get(island[1]) || [0, 0];
      this.bySite.set(island[1], [sum[0] + island[2], sum[1] + island[3]]);
    }
    this.held = new Map(map.held);
    this.hostage = map.hostage ? new Map(map.hostage) : null;
    this.listSites();
    this.paint();
  }

  siteName(site) { return site === null ? "kept by pin.spread" : this.film.sites[site]; }

  listSites() {
    this.sites.replaceChildren();
    const all = [...this.bySite.entries()].sort((a, b) => b[1][1] - a[1][1]);
    if (this.site !== null && !this.bySite.has(this.site)) all.unshift([this.site, [0, 0]]);
    for (const [site, [objects, bytes]] of all.slice(0, 40)) {
      const button = element(this.sites, "button", {type: "button", "aria-pressed": String(site === this.site), "data-site": String(site)},
        `${this.siteName(site)}: ${objects} (${bytesText(bytes)})`);
      button.addEventListener("click", () => { this.site = this.site === site ? null : site; this.listSites(); this.paint(); });
    }
    if (all.length > 40) element(this.sites, "span", {}, `and ${all.length - 40} smaller sites`);
  }

  paint() {
    if (!this.map) return;
    const {cells, occupied} = this.map, unit = 6;
    this.lines = Math.ceil(cells.length / ACROSS);
    const width = ACROSS * unit, height = this.lines * unit, dark = document.documentElement.dataset.scheme === "dark";
    if (this.canvas.width !== width || this.canvas.height !== height) { this.canvas.width = width; this.canvas.height = height; }
    const context = this.canvas.getContext("2d");
    context.fillStyle = dark ? "#16181c" : "#ffffff";
    context.fillRect(0, 0, width, height);
    const colour = kindColours(this.kinds);
    let marked = 0;
    for (let i = 0; i < cells.length; ++i) {
      const x = i % ACROSS * unit, y = Math.floor(i / ACROSS) * unit, own = this.islands.get(i);
      context.globalAlpha = this.site !== null ? 0.18 : "ms".includes(cells[i]) ? 0.45 + 0.55 * occupied[i] / 9 : 1;
      context.fillStyle = colour[cells[i]];
      context.fillRect(x, y, unit, unit);
      if (own && (this.site === null || own.some(island => island[1] === this.site))) {
        context.globalAlpha = 1;
        context.fillStyle = this.site !== null ? "#d55e00" : dark ? "#ffffff" : "#000000";
        context.fillRect(x + 1.5, y + 1.5, unit - 3, unit - 3);
        ++marked;
      }
    }
    context.globalAlpha = 1;
    this.box.dataset.marked = marked;
    if (this.cursor >= 0 && this.cursor < cells.length) {
      context.strokeStyle = "#e69f00";
      context.lineWidth = 2;
      context.strokeRect(this.cursor % ACROSS * unit, Math.floor(this.cursor / ACROSS) * unit, unit, unit);
    }
  }

  /// The block of a cell: all its cells, or the cell where that is larger.
  point(cell, x, y) {
    const map = this.map;
    if (!map || cell < 0 || cell >= map.cells.length) { hideTip(); return; }
    const together = Math.max(1, this.film.block / map.cell_bytes), first = Math.floor(cell / together) * together;
    let held = 0, hostage = 0, bytes = 0, objects = 0;
    const bySite = new Map();
    for (let i = first; i < Math.min(first + together, map.cells.length); ++i) {
      held += this.held.get(i) || 0;
      hostage += this.hostage ? this.hostage.get(i) || 0 : 0;
      for (const [, site, count, size, oldest, newest] of this.islands.get(i) || []) {
        objects += count;
        bytes += size;
        const sum = bySite.get(site) || [0, 0, oldest, newest];
        bySite.set(site, [sum[0] + count, sum[1] + size, Math.min(sum[2], oldest), Math.max(sum[3], newest)]);
      }
    }
    const kind = this.kinds.find(([letter]) => letter === map.cells[cell]);
    const lines = [`offset ${bytesText(cell * map.cell_bytes)}: ${kind[1]}, ${map.occupied[cell]} ninths occupied`,
      `${together > 1 ? "its block" : "cell"}: ${objects} immovable object${objects === 1 ? "" : "s"} of ${bytes} B; held ${held} B`,
      this.hostage ? `hostage ${hostage} B` + (hostage > 0 ? ": free without pins" : hostage < 0 ? ": in use without pins only" : "") : "hostage: not measured at this collection"];
    for (const [site, [count, size, oldest, newest]] of [...bySite.entries()].sort((a, b) => b[1][1] - a[1][1]).slice(0, 8)) {
      lines.push(`${this.siteName(site)}: ${count} of ${size} B` + (site === null ? "" : `, aged ${bytesText(map.clock - newest)}` + (newest === oldest ? "" : ` to ${bytesText(map.clock - oldest)}`)));
    }
    if (bySite.size > 8) lines.push(`and ${bySite.size - 8} more sites`);
    this.cursor = cell;
    this.paint();
    showTip(lines.join("\n"), x, y);
  }
}

function startFilm(data) {
  const section = document.getElementById("film");
  section.hidden = false;
  element(document.getElementById("contents"), "a", {href: "#film"}, "The heap as a film");
  element(section, "h2", {}, "The heap as a film");
  element(section, "p", {class: "faint"}, "Each square is a cell of the heap, from its lowest address, line by line; marks are islands. Space plays, arrow keys on the slider step, arrow keys on a map move from cell to cell.");
  const legend = element(section, "div", {class: "legend"});
  const swatches = data.kinds.map(([, label]) => { const item = element(legend, "span"), swatch = element(item, "i"); item.append(label); return swatch; });
  const colourLegend = () => data.kinds.forEach(([letter], i) => { swatches[i].style.background = kindColours(data.kinds)[letter]; });
  colourLegend();
  const clocks = [...new Set(data.films.flatMap(film => film.maps.map(map => map.clock)))].sort((a, b) => a - b);
  const controls = element(section, "div", {class: "controls"});
  const play = element(controls, "button", {type: "button", id: "play", "aria-pressed": "false"}, "▶ play");
  const slider = element(controls, "input", {type: "range", id: "clock", min: 0, max: Math.max(clocks.length - 1, 0), value: Math.max(clocks.length - 1, 0), "aria-label": "allocation clock"});
  const now = element(controls, "output");
  const speed = element(controls, "select", {"aria-label": "speed"});
  for (const rate of [2, 5, 10, 30]) element(speed, "option", {value: rate}, rate + " a second");
  speed.value = "10";
  const both = element(section, "div", {class: "film"});
  const panes = data.films.slice(0, 2).map((_, i) => new Pane(both, data, i));
  const show = () => {
    const clock = clocks[Number(slider.value)] || 0;
    now.textContent = bytesText(clock) + " allocated";
    for (const pane of panes) pane.show(clock);
  };
  let playing = false, last = 0;
  const frame = time => {
    if (!playing) return;
    if (time - last >= 1000 / Number(speed.value)) {
      last = time;
      if (Number(slider.value) >= clocks.length - 1) { set(false); return; }
      slider.value = String(Number(slider.value) + 1);
      show();
    }
    requestAnimationFrame(frame);
  };
  const set = on => {
    playing = on;
    play.textContent = on ? "❚❚ pause" : "▶ play";
    play.setAttribute("aria-pressed", String(on));
    if (on) { if (Number(slider.value) >= clocks.length - 1) slider.value = "0"; requestAnimationFrame(frame); }
  };
  play.addEventListener("click", () => set(!playing));
  slider.addEventListener("input", show);
  section.addEventListener("keydown", event => { if (event.key === " " && event.target !== play) { event.preventDefault(); set(!playing); } });
  document.addEventListener("scheme", () => { colourLegend(); panes.forEach(pane => pane.paint()); });
  show();
}
