"""The checksum by which a model file tells damage to itself.

It is the SHA-256 of the model's bytes, followed by those of the description, in which its own 64 digits are zeros. The
model's bytes are

- of a .tflite everything in front of the zip that holds the description,
- of an .onnx everything but the entry of ``metadata_props`` that holds the description,
- of a .keras the whole file; its description stands beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from ..errors import ModelFileError

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


def require_intact(model: Iterable[bytes | memoryview], description: bytes, carried: str | None) -> None:
    """Raise ModelFileError where `carried` is another checksum than that of `model` and `description`."""
    if carried is not None and checksum(model, description, carried) != carried:
        raise ModelFileError(
            "expected a file whose bytes have the checksum that its description carries, received others; it is "
            "damaged: copy it again, or export it again"
        )
