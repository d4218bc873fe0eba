"""genrekit cache: the features of corpora that are kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..options import CacheFolder, Json

if TYPE_CHECKING:
    from ...corpus.feature_cache import FeatureCache

app = typer.Typer(help="Show or clear the features of corpora that are kept.", no_args_is_help=True)


@app.command()
def show(folder: CacheFolder = None, as_json: Json = False) -> None:
    """Show where features are kept, and how much room they take.

    Example: genrekit cache show
    """
    _print(_cache(folder), as_json)


@app.command()
def clear(folder: CacheFolder = None, as_json: Json = False) -> None:
    """Remove all features that are kept. The next command that needs them computes them again.

    Example: genrekit cache clear
    """
    from ..terminal import note

    cache = _cache(folder)
    entries, size = cache.size()
    cache.clear()
    note(f"removed the features of {entries} tracks, {size / 1e6:.1f} MB")
    _print(cache, as_json)


def _cache(folder: Path | None) -> FeatureCache:
    from ...corpus.feature_cache import FeatureCache, default_folder

    return FeatureCache(folder or default_folder())


def _print(cache: FeatureCache, as_json: bool) -> None:
    from ..terminal import print_json, say

    entries, size = cache.size()
    if as_json:
        print_json({"folder": str(cache.folder), "entries": entries, "bytes": size})
    else:
        say(f"{cache.folder}: the features of {entries} tracks, {size / 1e6:.1f} MB")
