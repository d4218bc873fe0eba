// What a page shows, whatever feeds it.
const ALL_SHOWN = 30; // labels; of more, the first `BEST` and the rest
const BEST = 10;
const MOST_LINES = 200, MOST_DECISIONS = 10000;
const QUIET_MS = 2000; // between two answers that are read out
const LOWEST_DBFS = -90;
const OTHERS = ["silence", "unknown"];
const byId = id => document.getElementById(id);

class View {
  constructor(data) {
    this.data = data;
    this.grouped = data.labels.length > ALL_SHOWN;
    const count = this.grouped ? BEST + 1 : data.labels.length;
    this.rows = Array.from({ length: count }, (_, i) => this.row(this.grouped ? "-" : data.labels[i]));
    this.others = OTHERS.map(name => this.row(name, true));
    this.picture = new Picture(byId("picture"), data.picture.bands, data.picture.column_s);
    byId("about-line").textContent = data.line;
    byId("demo").hidden = !data.demo;
    for (const [name, text] of data.facts) {
      byId("description").append(element("dt", name), element("dd", text));
    }
    this.clear();
  }

  row(name, apart = false) {
    const item = element("li"), label = element("span", name), number = element("span", "");
    item.append(label);
    number.className = "number";
    if (apart) {
      item.className = "apart";
      item.append(element("span"), number);
      byId("bars").append(item);
      return { item, label, number };
    }
    const bar = element("span"), fill = element("i");
    bar.className = "bar";
    bar.setAttribute("role", "meter");
    bar.setAttribute("aria-valuemin", 0);
    bar.setAttribute("aria-valuemax", 1);
    bar.append(fill);
    item.append(bar, number);
    byId("bars").append(item);
    const row = { item, label, bar, fill, number };
    fillRow(row, name, 0);
    return row;
  }

  /** Begin anew, for another source. */
  clear() {
    clearTimeout(this.announcing);
    Object.assign(this, { decisions: [], answer: null, announcedAt: -Infinity });
    byId("history").replaceChildren();
    byId("answer").textContent = "-";
    byId("answer-time").textContent = "";
    byId("announced").textContent = "";
    byId("load").textContent = "-";
    this.showDropped(0);
    this.showLevel(-Infinity);
    this.picture.clear();
  }

  state(name, sentence) {
    document.body.dataset.state = name;
    byId("error").hidden = name !== "error";
    byId(name === "error" ? "error" : "status").textContent = sentence;
    if (name === "error") byId("status").textContent = "";
  }

  decide(decision) {
    this.decisions.push(decision);
    if (this.decisions.length > MOST_DECISIONS) this.decisions.shift();
    this.showScores(decision);
    byId("answer").textContent = decision.answer;
    byId("answer-time").textContent = `at ${clock(decision.time_s)}`;
    if (decision.answer === this.answer) return;
    this.answer = decision.answer;
    this.line(decision);
    this.announce(decision);
  }

  showScores({ scores, label, answer }) {
    let shown = Object.entries(scores);
    if (this.grouped) {
      const ranked = shown.sort((one, other) => other[1] - one[1]);
      const rest = ranked.slice(BEST).reduce((sum, [, score]) => sum + score, 0);
      shown = [...ranked.slice(0, BEST), [`the other ${ranked.length - BEST}`, rest]];
    }
    shown.forEach(([name, score], i) => {
      fillRow(this.rows[i], name, score);
      this.rows[i].item.classList.toggle("chosen", name === answer && name === label);
    });
    OTHERS.forEach((name, i) => {
      const chosen = name === answer && !(name in scores && name === label);
      this.others[i].item.classList.toggle("chosen", chosen);
      this.others[i].number.textContent = chosen ? "yes" : "";
    });
  }

  line({ time_s: timeS, answer, label, score }) {
    const item = element("li"), time = element("time", clock(timeS));
    time.dateTime = `PT${timeS}S`;
    const sure = answer === label;
    item.append(time, element("span", answer), element("span", sure ? score.toFixed(2) : ""));
    byId("history").prepend(item);
    if (byId("history").childElementCount > MOST_LINES) byId("history").lastElementChild.remove();
  }

  /** For screen readers: of answers that change fast, the last. */
  announce({ time_s: timeS, answer }) {
    clearTimeout(this.announcing);
    const say = () => {
      this.announcedAt = performance.now();
      byId("announced").textContent = `${answer}, at ${clock(timeS)}`;
    };
    this.announcing = setTimeout(say, Math.max(0, this.announcedAt + QUIET_MS - performance.now()));
  }

  showLevel(dbfs) {
    const value = Math.max(LOWEST_DBFS, Math.min(0, dbfs));
    byId("level").setAttribute("aria-valuenow", Math.round(value));
    byId("level").firstElementChild.style.transform = `scaleX(${1 - value / LOWEST_DBFS})`;
    byId("level-text").textContent = dbfs > LOWEST_DBFS ? `${dbfs.toFixed(0)} dBFS` : "silent";
  }

  showLoad(fraction, windowMs) {
    const cost = windowMs === undefined ? "" : `, ${windowMs.toFixed(1)} ms a window`;
    byId("load").textContent = `${(100 * fraction).toFixed(fraction < 0.1 ? 1 : 0)} % of the time${cost}`;
  }

  showDropped(seconds) {
    byId("dropped").textContent = seconds ? `${seconds.toFixed(1)} s` : "none";
    byId("dropped").classList.toggle("failure", seconds > 0);
  }
}

function element(tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function fillRow(row, name, score) {
  row.label.textContent = name;
  row.bar.setAttribute("aria-label", name);
  row.bar.setAttribute("aria-valuenow", score.toFixed(2));
  row.fill.style.transform = `scaleX(${Math.max(0, Math.min(1, score))})`;
  row.number.textContent = score.toFixed(2);
}

/** 75.5 -> "1:15.5". */
function clock(seconds) {
  const tenths = Math.round(10 * seconds), minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`;
}
