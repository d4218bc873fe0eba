"""Joins the pieces of a page into one text that loads nothing: HTML, styles, scripts, and its data as JSON."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import importlib.resources
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...runtime import ModelDescription
from ...runtime.util.foreign_text import printable
from ..splits.leakage import caveat
from .columns import Columns

STYLE = importlib.resources.files("genrekit.bench") / "report" / "templates" / "base.css"  # of every page
PIECES = Path(__file__).with_name("page")
SHARED = ("picture.js", "view.js")  # by both pages
UNTOLD = {"labels", "front_end", "normalization", "rejection", "format_version", "checksum"}


@dataclasses.dataclass(frozen=True)
class Policy:
    """What a page may do beside its own style and script, which are named by their hashes.

    Attributes:
        scripts: sources of script-src.
        connections: of connect-src.
    """

    scripts: str = ""
    connections: str = "'none'"


def html_page(
    title: str, data: Mapping[str, Any], scripts: Sequence[str], policy: Policy, controls: str = ""
) -> tuple[str, str]:
    """A page, and its Content-Security-Policy, which also stands in it.

    Args:
        title: a text from outside, as those in `data` may be.
        data: what the scripts read, as JSON.
        scripts: names of files in `page/`, in their order.
        policy: what it needs.
        controls: HTML.
    """
    style = STYLE.read_text() + _piece("live.css")
    script = "\n".join(_piece(name) for name in scripts)
    whole_policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)} {policy.scripts}; "
        f"connect-src {policy.connections}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "POLICY": whole_policy,
        "TITLE": html.escape(printable(title)),
        "STYLE": style,
        "CONTROLS": controls,
        "DATA": _script_json(data),
        "SCRIPT": script,
    }
    return re.sub(r"@([A-Z]+)@", lambda found: parts[found[1]], _piece("page.html")), whole_policy


def page_data(description: ModelDescription, columns: Columns) -> dict[str, Any]:
    """What both pages need of a model, and of the picture that they draw."""
    config = description.front_end
    count = len(description.labels)
    return {
        "labels": list(description.labels),
        "front_end": config.to_dict(),
        "window_samples": config.window_samples,
        "window_s": config.window_s,
        "demo": description.corpus.demo,
        "picture": {**dataclasses.asdict(columns), "column_s": columns.seconds(config)},
        "line": f"{count} labels; a window of {config.window_s:g} s at {config.sample_rate} Hz",
        "facts": list(_facts(description)),
    }


def _facts(description: ModelDescription) -> list[tuple[str, str]]:
    told = [("labels", ", ".join(description.labels))]
    accuracy = description.accuracy
    for name, value in (("windows", accuracy.test), ("tracks", accuracy.test_tracks)):
        if value is not None:
            told.append((f"accuracy, {name} of the test subset", f"{value:.1%}{caveat(description.split)}"))
    if accuracy.test is not None:
        told.append(("where it comes from", _origin(description)))
    told += [
        (name.replace("_", " "), _text(value))
        for name, value in description.to_dict().items()
        if name not in UNTOLD and value not in (None, {}, (), [])
    ]
    return [(name, printable(text)) for name, text in told]


def _origin(description: ModelDescription) -> str:
    corpus = description.corpus
    tracks = f", {corpus.tracks} tracks" if corpus.tracks else ""
    demo = ", synthetic music, which says nothing of real music" if corpus.demo else ""
    return (
        f"the Keras model's, measured on tracks of {corpus.name or 'a corpus without a name'}{tracks}{demo}; split by "
        f"{description.split}, seed {description.seed}. This file agrees with it as its parity says."
    )


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(
            f"{name.replace('_', ' ')} {_text(one)}" for name, one in value.items() if one not in (None, ())
        )
    if isinstance(value, (list, tuple)):
        return " ".join(map(_text, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _piece(name: str) -> str:
    return (PIECES / name).read_text()


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _script_json(value: Any) -> str:
    """JSON within a script element, of which nothing ends the element."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
