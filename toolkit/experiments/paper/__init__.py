"""The paper again: what it printed (`published`), the same on a corpus (`reproduction`), both shown (`report`)."""
