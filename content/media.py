"""Pictures: resized once to what is used, stripped of what cameras write, published under their hash."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings

from PIL import Image, ImageCms, ImageOps

from content.article import Picture
from content.gallery import FOLDER, LARGEST_SOURCE
from newsroom.errors import RenderError

WIDTHS = (1200, 600, 240)
"""The widths in pixels that pages, mails and lists use."""
HIGHEST = 4000
"""The most pixels that one is high."""
LARGEST = 300_000
"""Bytes of the biggest file that is published."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF")
_QUALITIES = (84, 78, 70, 62, 54, 46, 38)
_SMALLER = 0.8
_UNREADABLE = (
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    OverflowError,
    ZeroDivisionError,
    struct.error,
)
"""What Pillow raises for files that are broken, hostile or none of its own."""


def resized(data: bytes) -> list[tuple[Picture, bytes]]:
    """The picture in each width that it can fill, or its own where it is narrower; widest first.

    Turned as its EXIF says, in sRGB on white, without metadata. Raises RenderError.
    """
    if len(data) > LARGEST_SOURCE:
        raise RenderError(f"{len(data) / 1e6:.1f} MB; a picture may have {LARGEST_SOURCE // 1_000_000} MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = _opened(data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        most = (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000
        raise RenderError(f"too many pixels; a picture may have {most} million") from error
    except _UNREADABLE as error:
        raise RenderError(f"not a whole {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]} picture") from error
    picture.thumbnail((WIDTHS[0], HIGHEST), Image.Resampling.LANCZOS)
    widths = [picture.width, *(width for width in WIDTHS if width < picture.width)]
    return [_encoded(picture, width) for width in widths]


def _opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
        profile = opened.info.get("icc_profile")
        # A JPEG is decoded no larger than it is needed; whichever way it will be turned.
        opened.draft(None, (2 * WIDTHS[0], 2 * WIDTHS[0]))
        opened.load()
        turned = ImageOps.exif_transpose(opened)
    return _in_srgb(_flattened(turned), profile)


def _flattened(picture: Image.Image) -> Image.Image:
    """On white where it is transparent, with 8 bits a channel."""
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    if picture.mode == "F":
        return picture.convert("L")
    if picture.mode == "P" or picture.has_transparency_data:
        layer = picture.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB")
    return picture


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    if profile and picture.mode in ("RGB", "CMYK", "L"):
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(picture, own, srgb, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None  # A broken profile costs the exact colours, not the picture.
        if converted is not None:
            return converted
    return picture.convert("RGB")


def _encoded(picture: Image.Image, width: int) -> tuple[Picture, bytes]:
    """One size as JPEG: less exact, then smaller, until it is no bigger than LARGEST."""
    while True:
        height = max(1, round(picture.height * width / picture.width))
        sized = picture.resize((width, height), Image.Resampling.LANCZOS)
        # The profile of the original is no longer its own, nor is anything else that stood beside it.
        sized.info.clear()
        for quality in _QUALITIES:
            target = io.BytesIO()
            sized.save(target, "JPEG", quality=quality, optimize=True, progressive=True)
            if target.tell() <= LARGEST:
                content = target.getvalue()
                path = f"{FOLDER}/{hashlib.sha256(content).hexdigest()[:32]}.jpg"
                return Picture(path, width, height, len(content)), content
        width = max(1, int(width * _SMALLER))
