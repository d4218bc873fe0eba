"""What readers of a file's bytes have in common: their error, and an end to what they take from one file."""


class MalformedError(ValueError):
    """These bytes are no such file, or one that no engine is to see; the message says why."""


class Budget:
    """How many parts may still be read of a file, which could otherwise be small and name one part many times."""

    def __init__(self, parts: int) -> None:
        self._left = parts

    def spend(self, parts: int) -> None:
        """Take so many; raises MalformedError where there are none left."""
        self._left -= parts
        if self._left < 0:
            raise MalformedError("more parts than a model of sound has")
