"""A run, or a model of one's own, -> files; what a file is; what the bench needs of both."""
