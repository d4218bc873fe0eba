"""Train, convert, stream and measure small audio classifiers for cheap devices."""

import importlib.metadata

__version__ = importlib.metadata.version(__name__)
