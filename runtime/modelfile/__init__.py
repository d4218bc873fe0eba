"""The self-description inside a model file, its reader, and graphs read without an engine."""
