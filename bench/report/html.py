"""One self-contained HTML page of results: styles and pictures inline, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...runtime.errors import MissingPackageError
from ...runtime.util.atomic import write_text
from .columns import (
    by_model,
    clips_line,
    failures,
    is_complete,
    is_demo,
    machine_line,
    measured_count,
    milliseconds,
    shown_columns,
    size,
    text,
    warning_groups,
)
from .confusion import confusions
from .machine_facts import machine_facts
from .markdown import training_cells
from .relative_times import beside_the_fastest, ratio_matrix, verdict_words
from .terminal import ratio_cells
from .training_reference import MACHINE, SEGMENTS, beside_the_paper

if TYPE_CHECKING:
    import jinja2

TEMPLATE = "report.html.j2"


def write_html(
    bench: dict[str, Any],
    path: Path,
    training: Sequence[dict[str, Any]] = (),
    parity: Sequence[dict[str, Any]] = (),
) -> None:
    """Write `html_page` whole or not at all; raises OutputError, MissingPackageError."""
    write_text(path, html_page(bench, training, parity))


def html_page(
    bench: dict[str, Any], training: Sequence[dict[str, Any]] = (), parity: Sequence[dict[str, Any]] = ()
) -> str:
    """One page that needs nothing but itself.

    Args:
        bench: the bench JSON.
        training: the metrics.json of each model, to show what training gave.
        parity: rows of parity.json, to show how the files compare with Keras.

    Raises:
        MissingPackageError: jinja2 or matplotlib is not installed.
    """
    try:
        import jinja2  # noqa: F401
        import markupsafe

        from . import plots
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"the HTML page needs {(error.name or 'a package').partition('.')[0]}, which is not installed; run: "
            'pip install "genrekit[bench]"'
        ) from error
    environment = page_environment()
    environment.filters.update(size=size, text=text, milliseconds=milliseconds, words=verdict_words)
    environment.filters.update(ratio_cells=lambda ratio: list(ratio_cells(ratio)), training_cells=training_cells)
    drawn = [(picture, markupsafe.Markup(picture.svg)) for picture in plots.pictures(bench)]
    return environment.get_template(TEMPLATE).render(**_shown(bench), training=training, parity=parity, pictures=drawn)


def page_environment(*packages: str) -> jinja2.Environment:
    """Of templates that stand in `packages`, or here, where they find the style and what pages share."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package) for package in (*packages, __package__)]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(bench: dict[str, Any]) -> dict[str, Any]:
    """What the template shows, apart from pictures, training and parity."""
    columns = shown_columns(bench)
    fastest, beside = beside_the_fastest(bench)
    return {
        "bench": bench,
        "demo": is_demo(bench),
        "incomplete": not is_complete(bench),
        "lines": [clips_line(bench), machine_line(bench)],
        "recommendations": bench.get("recommendations", []),
        "columns": columns,
        "groups": [
            [[column.cell(row) for column in columns] for row in rows]
            for rows in [*by_model(bench["results"]), bench["baselines"]]
        ],
        "failures": failures(bench),
        "warnings": warning_groups(bench),
        "measured_count": measured_count(bench),
        "fastest": fastest,
        "beside": beside,
        "matrix": ratio_matrix(bench),
        "confusions": confusions(bench),
        "paper": {"rows": beside_the_paper(bench), "machine": MACHINE, "segments": f"{SEGMENTS:,}"},
        "facts": machine_facts(bench),
    }
