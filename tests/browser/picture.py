"""README's picture of the live page: what it shows of its example, in Chromium.

python -m tests.browser.picture PAGE.html PICTURE.png
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from .conftest import CHROMIUM, FLAGS

SIZE = {"width": 1100, "height": 830}
ENDED = "document.getElementById('status').textContent.includes('at its end')"


def take(page: Path, picture: Path) -> None:
    """Write `picture`."""
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser:
        shown = browser.new_page(viewport=SIZE)
        shown.goto(f"{page.resolve().as_uri()}#example")
        shown.wait_for_function(ENDED)
        shown.wait_for_timeout(500)  # until bars stand still
        shown.screenshot(path=picture)


if __name__ == "__main__":
    take(*map(Path, sys.argv[1:]))
