"""Pictures for tests, drawn here."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 480), mode: str = "RGB", **saved: Any) -> bytes:
    """A sky above a sea, in the bytes of a format of Pillow."""
    drawn = Image.new(mode, size, "#2a9df4" if mode != "P" else 7)
    drawn.paste("#0b3d63" if mode != "P" else 9, (0, size[1] // 2, size[0], size[1]))
    data = io.BytesIO()
    drawn.save(data, kind, **saved)
    return data.getvalue()
