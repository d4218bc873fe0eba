"""Joins the pieces of a page into one text that loads nothing: HTML, styles, scripts, and its data as JSON."""

from __future__ import annotations

import base64
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

STYLE = importlib.resources.files("genrekit.bench") / "report" / "templates" / "base.css"  # of every page
PIECES = Path(__file__).with_name("page")
SHARED = ("picture.js", "view.js")  # by both pages
COLUMN_S = 0.025  # seconds of a column of the picture, about
UNTOLD = {"labels", "front_end", "normalization", "rejection", "format_version", "checksum"}


def html_page(
    title: str, data: Mapping[str, Any], scripts: Sequence[str], policy: str, controls: str = "", in_page: bool = True
) -> tuple[str, str]:
    """A page, and its Content-Security-Policy.

    Args:
        title: a text from outside, as those in `data` may be.
        data: what the scripts read, as JSON.
        scripts: names of files in `page/`, in their order.
        policy: what the page may load beside its own style and script, which are named by their hashes.
        controls: HTML.
        in_page: whether the policy stands in the page, too.
    """
    style = STYLE.read_text() + _piece("live.css")
    script = "\n".join(_piece(name) for name in scripts)
    whole_policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)} {policy}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{whole_policy}">' if in_page else ""
    parts = {
        "POLICY": meta,
        "TITLE": html.escape(printable(title)),
        "STYLE": style,
        "CONTROLS": controls,
        "DATA": _script_json(data),
        "SCRIPT": script,
    }
    return re.sub(r"@([A-Z]+)@", lambda found: parts[found[1]], _piece("page.html")), whole_policy


def page_data(description: ModelDescription) -> dict[str, Any]:
    """What both pages need of a model."""
    config = description.front_end
    every = max(1, min(round(COLUMN_S * config.sample_rate / config.hop_length), config.n_fft // config.hop_length))
    count = len(description.labels)
    return {
        "labels": [printable(label) for label in description.labels],
        "front_end": config.to_dict(),
        "window_samples": config.window_samples,
        "window_s": config.window_s,
        "demo": description.corpus.demo,
        "picture": {
            "bands": config.n_mels,
            "every": every,
            "column_s": every * config.hop_length / config.sample_rate,
        },
        "line": f"{count} labels; a window of {config.window_s:g} s at {config.sample_rate} Hz; {description.precision}",
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
    demo = ", synthetic music that says nothing of real one" if corpus.demo else ""
    return (
        f"the Keras model's, measured on tracks of {corpus.name or 'a corpus without a name'}{tracks}{demo}; split by "
        f"{description.split}, seed {description.seed}. This file agrees with it as its parity says."
    )


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_text(one)}" for name, one in value.items() if one not in (None, ()))
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
