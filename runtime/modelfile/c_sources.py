"""A folder of C: model.c is the model, and a comment of model.h holds its description."""

from __future__ import annotations

import json

SOURCE, HEADER = "model.c", "model.h"
BEGIN, END = b"\n{\n", b"\n}\n*/\n"


def description(header: bytes) -> bytes | None:
    """The JSON in the first comment of model.h, as its checksum is made of it; None where there is none.

    Within a comment it is written with escapes that mean the same.
    """
    begin, end = header.find(BEGIN), header.find(END)
    if not header.startswith(b"/*") or not 0 <= begin < end:
        return None
    text = header[begin + 1 : end + 2]
    try:
        return (json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n").encode()
    except (ValueError, RecursionError):
        return text
