"""A corpus: its tracks, their windows, their features."""
