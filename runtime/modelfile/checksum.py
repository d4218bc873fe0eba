"""The checksum by which a model file tells damage to itself.

It is the SHA-256 of the model's bytes, followed by those of the description, in which its own 64 digits are zeros. The
model's bytes are

- of a .tflite everything in front of the zip that holds the description,
- of an .onnx everything but the entry of ``metadata_props`` that holds the description,
- of a .keras the whole file; its description stands beside it,
- of a folder of C model.c; its description stands in model.h.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable

BLANK = "0" * 64
NO_CHECKSUM = (
    "The file carries no checksum, so that damage to it goes unnoticed; export it again with this version of genrekit."
)


def checksum(model: Iterable[bytes | memoryview], description: str | bytes, carried: str = BLANK) -> str:
    """64 hexadecimal digits over the parts of the `model` and a `description` that has `carried` for its checksum."""
    text = description.encode() if isinstance(description, str) else description
    digest = hashlib.sha256()
    for part in (*model, text.replace(carried.encode(), BLANK.encode())):
        digest.update(part)
    return digest.hexdigest()


def carried_checksum(description: bytes) -> str | None:
    """The checksum in the JSON of a `description`; None where there is none that can be read."""
    try:
        found = json.loads(description)["checksum"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    return found if is_checksum(found) else None


def is_checksum(value: object) -> bool:
    """64 hexadecimal digits."""
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None
