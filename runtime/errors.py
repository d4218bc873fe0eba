"""Every error that genrekit raises on purpose.

::

    GenrekitError
    ├── ParameterError (ValueError)          an argument outside its range
    ├── MissingFileError (FileNotFoundError) a path that is not there
    ├── OutputError (OSError)                a path that cannot be written
    │   └── NoRoomError                      the disk is full, or files may not be so large
    ├── AudioError (ValueError)              audio that cannot be decoded or used
    ├── ModelFileError (ValueError)          a file that is no model, or has no usable description
    ├── CorpusError (ValueError)             a corpus or a split that cannot serve
    ├── MissingPackageError (ImportError)    an optional package; the message holds the pip command
    ├── UnsupportedModelError (ValueError)   a model or combination that cannot be converted
    └── Failure                              the user did nothing wrong
        ├── ConversionError (RuntimeError)   a converter or an engine failed
        └── ParityError (RuntimeError)       a converted file does not agree with its Keras model

    FrontEndWarning (UserWarning)            warned of, not raised: numpy does the work of the front end in C

Each message says what was expected, what came, and what to do next.
"""

MOST_WORDS = 200  # characters


def first_words(error: Exception | str) -> str:
    """What a library says of its failure, as part of a sentence of ours: the first line that is not empty, cut short.

    Keras, for one, adds the whole configuration of a model, and puts the reason behind it.
    """
    text = str(error).rpartition("Exception encountered: ")[-1]
    line = next(filter(None, map(str.strip, text.splitlines())), type(error).__name__).rstrip(".")
    return line if len(line) <= MOST_WORDS else f"{line[: MOST_WORDS - 3]}..."


class GenrekitError(Exception):
    """Base of all; ``exit_code`` is what the command line ends with (2: the user's mistake)."""

    exit_code = 2


class ParameterError(GenrekitError, ValueError):
    """An argument lies outside its range; the message names it as ``name=value``."""


class MissingFileError(GenrekitError, FileNotFoundError):
    """A file or folder that was named does not exist."""


class OutputError(GenrekitError, OSError):
    """A file or folder cannot be written."""


class NoRoomError(OutputError):
    """The disk is full, or a file would be larger than files may be; the message says how much was to be written."""

    exit_code = 1


class AudioError(GenrekitError, ValueError):
    """Audio that cannot be decoded, is empty, or does not fit the request."""


class ModelFileError(GenrekitError, ValueError):
    """A file that is no model, or one without a description that this version reads."""


class CorpusError(GenrekitError, ValueError):
    """A corpus, split or list of events that cannot serve: no tracks, one genre, a genre with one track."""


class MissingPackageError(GenrekitError, ImportError):
    """An optional package is not installed; the message holds the exact pip command."""


class UnsupportedModelError(GenrekitError, ValueError):
    """A model, or a combination of format, precision and target, that cannot be converted."""


class Failure(GenrekitError):
    """Something failed although the request was sound; the command line ends with 1."""

    exit_code = 1


class ConversionError(Failure, RuntimeError):
    """A converter or an engine failed on a model that it should handle."""


class ParityError(Failure, RuntimeError):
    """A converted file does not agree with its Keras model; the message holds the figures, and so does ``figures``."""

    def __init__(self, message: str, figures: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.figures = figures or {}


class FrontEndWarning(UserWarning):
    """The front end in C is not used; the message says why."""
