"""Pictures for tests."""

from __future__ import annotations

from io import BytesIO

from PIL import Image


def picture() -> bytes:
    """A JPEG of 640 by 360 pixels."""
    data = BytesIO()
    Image.new("RGB", (640, 360), "#336699").save(data, "JPEG")
    return data.getvalue()
