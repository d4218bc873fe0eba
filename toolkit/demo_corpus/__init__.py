"""A corpus that genrekit composes itself: ten genre-like styles, to learn the tool on and to test with."""

from .composer import GENRES, compose
from .folder import make_demo_corpus

__all__ = ["GENRES", "compose", "make_demo_corpus"]
