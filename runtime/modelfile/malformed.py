"""The error by which readers of a file's bytes tell that they are not what they should be."""


class MalformedError(ValueError):
    """These bytes are no such file, or one that no engine is to see; the message says why."""
