"""Pictures: resized once to what is used, stripped of what cameras write, published under their hash."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

from content.article import Picture
from newsroom.errors import RenderError
from newsroom.files import write_whole

WIDTHS = (1200, 600, 240)
"""The widths in pixels that pages, mails and lists use."""
HIGHEST = 4000
"""The most pixels that one is high."""
LARGEST = 300_000
"""Bytes of the biggest file that is published."""
LARGEST_SOURCE = 60_000_000
"""Bytes of the biggest original that is opened."""

FOLDER = "media"
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF")
_QUALITIES = (84, 78, 70, 62, 54, 46, 38)
_SMALLER = 0.8
# Part of what a source picture is remembered by: raise it when the same original gives other files.
_VERSION = b"1"
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

Remembered = Callable[[str], tuple[Picture, ...] | None]
"""The sizes that a source picture was made into, by its hash."""


class Gallery:
    """Publishes pictures below `public_dir`; one that is remembered and still there is not made again.

    `made` has, by source hash, what was made and is to be remembered. With `dry_run` nothing is written.
    """

    def __init__(self, public_dir: Path, remembered: Remembered, *, dry_run: bool = False) -> None:
        self._public_dir = public_dir
        self._remembered = remembered
        self._dry_run = dry_run
        self.made: dict[str, tuple[Picture, ...]] = {}

    def publish(self, data: bytes) -> tuple[Picture, ...]:
        """The published sizes of the picture that `data` holds, widest first.

        Raises RenderError where it is not a picture or too large, PublishError where it cannot be written.
        """
        source_hash = hashlib.sha256(_VERSION + data).hexdigest()
        sizes = self.made.get(source_hash) or self._remembered(source_hash)
        if sizes and all(self.has(size.path) for size in sizes):
            return sizes
        made = resized(data)
        for size, content in made:
            if not self._dry_run and not self.has(size.path):
                write_whole(self._public_dir / size.path, content)
        self.made[source_hash] = tuple(size for size, _ in made)
        return self.made[source_hash]

    def has(self, path: str) -> bool:
        """True where the published file is there."""
        return (self._public_dir / path).is_file()


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
