"""Which file to take for which goal: sentences made of the results. Pure functions."""

from __future__ import annotations

import math
from typing import Any

from ..report.columns import Row, is_demo, milliseconds, name_of, share, size
from .ratios import SLOWER, between
from .stats import pareto_front
from .warnings import FUNCTIONAL_ENGINES

DEMO = " The demo corpus is synthetic: this says nothing about music."


def recommendations(bench: dict[str, Any]) -> list[dict[str, Any]]:
    """A sentence for each goal: smallest, fastest, most accurate, best on the front.

    Baselines and tflite-micro on a desk do not take part. "Fastest" is by the median time of a clip. "Best on the
    front" is that file of the Pareto front (accuracy against the median time of a clip) which lies nearest to the
    corner of the most accurate and the fastest, where accuracy and the logarithm of the time are each scaled to the
    range [0, 1] of all measured files.

    Returns:
        Rows {"goal", "case" (its name), "place" (in the results), "text"}; none where no clip was timed.
    """
    places = candidates(bench)
    scored = [place for place in places if bench["results"][place]["accuracy"] is not None]
    found = []
    if places:
        found += [("smallest", *_smallest(bench, places)), ("fastest", *_fastest(bench, places))]
    if scored:
        found += [
            ("most accurate", *_most_accurate(bench, scored)),
            ("best on the front", *_on_the_front(bench, scored)),
        ]
    return [
        {"goal": goal, "case": name_of(bench["results"][place]), "place": place, "text": text}
        for goal, place, text in found
    ]


def candidates(bench: dict[str, Any]) -> list[int]:
    """Places of the results whose times of a clip may be compared."""
    rows = enumerate(bench["results"])
    return [place for place, row in rows if row["clip_ms"] and row["engine"] not in FUNCTIONAL_ENGINES]


def fastest(bench: dict[str, Any]) -> int | None:
    """Place of the result with the least median time of a clip."""
    return min(candidates(bench), key=lambda place: _clip_ms(bench["results"][place]), default=None)


def _clip_ms(row: Row) -> float:
    return row["clip_ms"]["p50"]


def _smallest(bench: dict[str, Any], places: list[int]) -> tuple[int, str]:
    rows = bench["results"]
    place = min(places, key=lambda place: (rows[place]["bytes"] or math.inf, _clip_ms(rows[place])))
    return (
        place,
        f"The smallest is {name_of(rows[place])}: {size(rows[place]['bytes'])} on disk, {_figures(rows[place])}.",
    )


def _figures(row: Row) -> str:
    accuracy = "" if row["accuracy"] is None else f", accuracy {share(row['accuracy'])}"
    return f"{milliseconds(_clip_ms(row))} ms a clip{accuracy}"


def _fastest(bench: dict[str, Any], places: list[int]) -> tuple[int, str]:
    place = fastest(bench)
    text = f"The fastest is {name_of(bench['results'][place])}: {_figures(bench['results'][place])}."
    return place, text + _as_fast(bench, place, [other for other in places if other != place])


def _as_fast(bench: dict[str, Any], place: int, others: list[int]) -> str:
    """How many of `others` may be as fast as the file at `place`."""
    ratios = [between(bench["ratios"]["clip_ms"], other, place) for other in others]
    alike = sum(ratio["verdict"] != SLOWER for ratio in ratios)
    if not ratios:
        return ""
    slower = len(ratios) - alike
    who = _how_many(slower, len(ratios))
    text = f" {who[0].upper()}{who[1:]} {'is' if slower < 2 else 'are'} measurably slower"
    text += f", {alike} {'is' if alike == 1 else 'are'} not." if alike and slower else "."
    if any(ratio["from"] == "calls" for ratio in ratios):
        text += " That is by the calls of one process each, and processes differ: measure with --rounds 3 or more."
    return text


def _most_accurate(bench: dict[str, Any], places: list[int]) -> tuple[int, str]:
    rows = bench["results"]
    place = max(places, key=lambda place: (rows[place]["accuracy"], -_clip_ms(rows[place])))
    best = rows[place]
    low, high = best["accuracy_interval"]
    others = [rows[other] for other in places if other != place]
    alike = sum(other["accuracy_interval"][1] >= low for other in others)
    text = (
        f"The most accurate is {name_of(best)}: {share(best['accuracy'])} of {bench['clips']['count']} clips "
        f"(95 % interval {share(low)} to {share(high)}), {milliseconds(_clip_ms(best))} ms a clip."
    )
    return place, text + _as_accurate(alike, len(others), bench["clips"]["count"]) + (DEMO if is_demo(bench) else "")


def _as_accurate(alike: int, others: int, clips: int) -> str:
    """What so many `clips` tell of the `alike` of the other files whose intervals overlap."""
    if not others:
        return ""
    who = _how_many(alike, others)
    told = f" {clips} clips are too few to tell {'it' if alike == 1 else 'these'} apart from it." if alike else ""
    return f" The interval{'s' * (alike != 1)} of {who} overlap{'s' * (alike == 1)} with it.{told}"


def _how_many(count: int, others: int) -> str:
    if count == others:
        return "the other one" if others == 1 else f"all other {others}"
    return f"{count or 'none'} of the other {others}"


def _on_the_front(bench: dict[str, Any], places: list[int]) -> tuple[int, str]:
    rows = [bench["results"][place] for place in places]
    points = [(math.log(_clip_ms(row)), row["accuracy"]) for row in rows]
    front = pareto_front(points)
    nearest = min(front, key=lambda place: _distance_to_the_corner(points, place))
    where = f"The best on the front is {name_of(rows[nearest])}: {_figures(rows[nearest])}."
    if len(front) > 1:
        why = (
            f" {len(front)} of {len(rows)} files are beaten by none in both accuracy and time; of these it is nearest "
            "to the best of both."
        )
    else:
        why = " No file is more accurate, and none is faster." if len(rows) > 1 else ""
    return places[nearest], where + why + (DEMO if is_demo(bench) else "")


def _distance_to_the_corner(points: list[tuple[float, float]], place: int) -> float:
    """Of the (cost, worth) pair at `place` to the least cost and the most worth, each axis scaled to its range."""
    costs, worths = zip(*points, strict=True)
    cost, worth = points[place]
    return math.hypot(_scaled(cost - min(costs), costs), _scaled(max(worths) - worth, worths))


def _scaled(distance: float, values: tuple[float, ...]) -> float:
    spread = max(values) - min(values)
    return distance / spread if spread else 0.0
