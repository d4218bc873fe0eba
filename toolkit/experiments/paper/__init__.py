"""The paper again: what it printed (`printed`), the same on a corpus (`reproduction`), both shown (`report`)."""
