"""Which tracks belong together because an artist plays on both: GTZAN's from a packaged index, any corpus' from a file.

The index is B. L. Sturm's (see lists/README.md). How its oddities are taken:

- A track whose artist it leaves open (17 of GTZAN's 1000) is a group of its own, as is a track that it does not know.
- A track of several artists ("Peter Tosh; Mick Jagger") stands in one group with the tracks of each of them, so that
  groups may join: Lauryn Hill with Bob Marley, through one song. Only songs that are in the corpus join anything.
- An artist in two genres (Queen in metal and rock, Leonard Bernstein in classical and jazz) is one group across both.
- Names are compared without case, accents, punctuation and a leading "The". "&" and "feat." inside a name are not taken
  apart, because band names hold them ("Magic Slim & The Teardrops"): a file of one's own names each artist in a row.
- A band and its singer (The Police, Sting) are two artists: the index does not say who plays where.
- Of classical music it names the composer, not who plays.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

from ...runtime.errors import CorpusError
from ..corpus.scan import Corpus
from ..corpus.tables import Row
from .track_lists import file_rows, of_track, packaged_rows

FILE = "artists.csv"  # in the corpus folder, and of GTZAN in the package
COLUMNS = ("track", "artist")


def artists_of(corpus: Corpus) -> list[tuple[str, ...]]:
    """The artists of each track of `corpus`, () where nobody knows them; raises CorpusError where none is known.

    They come from `FILE` in the corpus folder (header ``track,artist``, a row for each track and artist), else from
    the index of GTZAN.
    """
    own = corpus.folder / FILE
    rows: Iterable[Row]
    if os.path.lexists(own):
        source, rows = FILE, file_rows(own, COLUMNS)
    elif corpus.demo:  # which names its tracks as GTZAN does, but nobody plays on them
        source, rows = "the demo corpus, which is synthetic", ()
    else:
        source, rows = "the index of GTZAN", packaged_rows(FILE, COLUMNS)
    known: dict[str, list[str]] = {}
    for _, row in rows:
        known.setdefault(row["track"], []).extend(filter(None, [row["artist"]]))
    found = [of_track(known, track) for track in corpus.tracks]
    if not any(found):
        raise CorpusError(
            f"{corpus.folder}: expected tracks whose artists are known, found none in {source}; add a CSV "
            f"file {own} with a header track,artist, or name a split file of your own (a header track,part)"
        )
    return [tuple(artists or ()) for artists in found]


def groups(artists: Sequence[Sequence[str]]) -> np.ndarray:
    """Number tracks so that those with an artist in common, directly or through other tracks, share a number.

    Args:
        artists: of each track; a track without any is a group of its own.

    Returns:
        Numbers from 0, in order of appearance, int64 [shape=(tracks,)].
    """
    parent = list(range(len(artists)))

    def root(track: int) -> int:
        while parent[track] != track:
            parent[track] = track = parent[parent[track]]
        return track

    first: dict[str, int] = {}
    for track, names in enumerate(artists):
        for name in map(key, names):
            parent[root(track)] = root(first.setdefault(name, track))
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(root(track), len(numbers)) for track in range(len(artists))], np.int64)


def key(name: str) -> str:
    """By what artists are compared: letters and digits without case, accents and a leading "The"."""
    plain = unicodedata.normalize("NFKD", name).casefold().strip().removeprefix("the ")
    return "".join(filter(str.isalnum, plain)) or plain
