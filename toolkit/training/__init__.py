"""A recipe on a corpus -> a run folder."""
