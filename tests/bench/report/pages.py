"""Reading a page of results: as HTML, and as Chromium lays it out."""

import json
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser

VOID = ("meta", "br")  # tags without an end


class Page(HTMLParser):
    """The cells, links and text of a page; fails on tags that do not close."""

    def __init__(self, text):
        super().__init__()
        self.links, self.open, self.tables, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("src", "href", "xlink:href", "action")]
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("src", "href", "xlink:href", "action")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def table(self, *headings):
        """The rows of the one table whose headings begin so."""
        (found,) = [
            rows
            for rows in self.tables
            if tuple(" ".join(cell.split()) for cell in rows[0])[: len(headings)] == headings
        ]
        return found


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--enable-logging=stderr", "--v=0"),
)
# Looks at a page in frames, because the page itself has no script.
HARNESS = """<!DOCTYPE html><meta charset="utf-8">
FRAMES<pre id="found"></pre>
<script>
function boxes(svg) {
  return [...svg.querySelectorAll("text")].map(node => [node.textContent, node.getBoundingClientRect()]);
}
function cut(svg) {
  const frame = svg.getBoundingClientRect();
  return boxes(svg).filter(([_, box]) => box.left < frame.left - 1 || box.right > frame.right + 1
    || box.top < frame.top - 1 || box.bottom > frame.bottom + 1).map(([text]) => text);
}
function overlapping(svg) {
  const all = boxes(svg), found = [];
  for (let i = 0; i < all.length; i++) for (let j = 0; j < i; j++) {
    const [a, b] = [all[i][1], all[j][1]];
    if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.3 * Math.min(a.height, b.height))
      found.push([all[i][0], all[j][0]]);
  }
  return found;
}
addEventListener("load", () => {
  document.getElementById("found").textContent = JSON.stringify([...document.querySelectorAll("iframe")].map(look));
});
function look(frame) {
  const view = frame.contentWindow, page = frame.contentDocument;
  for (const details of page.querySelectorAll("details")) details.open = true;
  const pictures = [...page.querySelectorAll("svg")], style = view.getComputedStyle(page.body);
  return {
    width: view.innerWidth, needed: page.documentElement.scrollWidth, pictures: pictures.length,
    letters: Math.min(...pictures.flatMap(boxes).map(([_, box]) => box.height)),
    cut: pictures.flatMap(cut), overlapping: pictures.flatMap(overlapping),
    background: style.backgroundColor, text: style.color,
    labels: pictures.map(svg => view.getComputedStyle(svg.querySelector("text")).fill),
  };
}
</script>
"""


def chromium(file, tmp_path, *flags):
    """What Chromium makes of a local file: its document, and what that wrote to the console."""
    profile = tmp_path / "profile"
    profile.mkdir()
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *flags, "--dump-dom", file.as_uri()]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120)
    shutil.rmtree(profile, ignore_errors=True)
    said = [line for line in process.stderr.splitlines() if "CONSOLE" in line]
    return process.stdout, [line for line in said if "source: chrome://" not in line]


def laid_out(page, tmp_path, widths, dark):
    """How a page looks in windows of so many pixels: the harness's findings of each."""
    harness = tmp_path / "harness.html"
    frame = '<iframe src="{}" style="width: {}px; height: 3000px; border: 0"></iframe>'
    harness.write_text(HARNESS.replace("FRAMES", "".join(frame.format(page.as_uri(), width) for width in widths)))
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    document, console = chromium(harness, tmp_path, "--allow-file-access-from-files", scheme, "--window-size=1400,3000")
    assert console == []
    return json.loads(unescape(document.partition('<pre id="found">')[2].partition("</pre>")[0]))
