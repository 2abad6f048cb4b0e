"""Pictures as newsrooms really send them: huge, turned, in CMYK, see-through, broken, hostile."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from content.article import Picture
from content.gallery import Gallery
from content.media import HIGHEST, LARGEST, resized
from newsroom.errors import PublishError, RenderError

ORIENTATION, CAMERA = 0x0112, 0x010F


def _jpeg(picture: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, form, **options)
    return target.getvalue()


def _noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), hashlib.shake_128(b"noise").digest(width * height * 3))


def _read(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize(
    ("width", "widths"),
    [
        (3000, [1200, 600, 240]),
        (1200, [1200, 600, 240]),
        (800, [800, 600, 240]),
        (600, [600, 240]),
        (90, [90]),
    ],
)
def test_a_picture_is_made_in_each_width_it_fills_and_never_larger(width: int, widths: list[int]) -> None:
    made = resized(_jpeg(Image.new("RGB", (width, width // 2), "teal")))
    assert [size.width for size, _ in made] == widths
    for size, content in made:
        assert _read(content).size == (size.width, size.height)
        assert size.height == pytest.approx(size.width / 2, abs=1)
        assert size.bytes == len(content)


def test_an_original_of_four_megabytes_of_noise_is_published_in_small_files() -> None:
    data = _jpeg(_noise(2600, 1800), quality=92)
    assert len(data) > 4_000_000
    made = resized(data)
    assert all(len(content) <= LARGEST for _, content in made)
    # Noise is the worst there is: it may lose width, but stays a picture of use.
    assert made[0][0].width >= 600


def test_a_picture_is_turned_as_its_camera_was_and_loses_what_the_camera_wrote() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[CAMERA] = "Owner of the camera"
    made = resized(_jpeg(Image.new("RGB", (400, 200), "navy"), exif=exif, comment=b"Owner of the camera"))
    size, content = made[0]
    assert (size.width, size.height) == (200, 400)
    assert not _read(content).getexif()
    assert b"Owner" not in content


def test_what_is_seen_through_is_white() -> None:
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    for data in (_jpeg(clear, "PNG"), _jpeg(clear, "WEBP", lossless=True), _jpeg(clear, "GIF")):
        assert min(_read(resized(data)[0][1]).getpixel((20, 20))) > 250


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "LA", "I;16"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    data = _jpeg(Image.new(mode, (60, 40)), "JPEG" if mode == "CMYK" else "PNG")
    assert _read(resized(data)[0][1]).mode == "RGB"


def test_sixteen_bits_of_grey_stay_grey() -> None:
    data = _jpeg(Image.new("I;16", (60, 40), 0x8000), "PNG")
    assert _read(resized(data)[0][1]).getpixel((5, 5)) == pytest.approx((128, 128, 128), abs=2)


def test_a_broken_colour_profile_does_not_cost_the_picture() -> None:
    data = _jpeg(Image.new("RGB", (60, 40), "red"), icc_profile=b"no profile at all")
    assert _read(resized(data)[0][1]).getpixel((5, 5))[0] > 240


def test_a_profile_is_applied_and_left_out() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = resized(_jpeg(Image.new("RGB", (60, 40), "red"), icc_profile=profile))[0][1]
    assert "icc_profile" not in _read(content).info


def test_a_tower_of_pixels_is_cut_down() -> None:
    size, content = resized(_jpeg(Image.new("L", (30, 70_000)), "PNG"))[0]
    assert size.height <= HIGHEST
    assert _read(content).size == (size.width, size.height)


def _bomb() -> bytes:
    """A PNG of a few KB that says it has 900 million pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(2_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a whole"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a whole"),
        (b"GIF89a", "not a whole"),
        (_jpeg(_noise(300, 300))[:9000], "not a whole"),
        (_bomb(), "too many pixels"),
        (bytes(60_000_001), "60.0 MB"),
    ],
    ids=["empty", "svg", "header", "cut", "bomb", "large"],
)
def test_what_is_no_picture_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(RenderError, match=message):
        resized(data)


def test_a_picture_is_made_once_and_again_only_when_its_files_are_lost(tmp_path: Path) -> None:
    memory: dict[str, tuple[Picture, ...]] = {}
    data = _jpeg(_noise(700, 500))
    first = Gallery(tmp_path, memory.get)
    sizes = first.publish(data)
    assert [size.width for size in sizes] == [700, 600, 240]
    assert {path.name for path in (tmp_path / "media").iterdir()} == {Path(size.path).name for size in sizes}
    memory |= first.made

    second = Gallery(tmp_path, memory.get)
    assert second.publish(data) == sizes
    assert not second.made
    lost = tmp_path / sizes[1].path
    before = lost.read_bytes()
    lost.unlink()
    third = Gallery(tmp_path, memory.get)
    assert third.publish(data) == sizes
    assert lost.read_bytes() == before


def test_a_dry_run_says_the_sizes_and_writes_nothing(tmp_path: Path) -> None:
    data = _jpeg(_noise(300, 200))
    dry = Gallery(tmp_path / "dry", {}.get, dry_run=True).publish(data)
    assert not (tmp_path / "dry").exists()
    assert dry == Gallery(tmp_path / "real", {}.get).publish(data)


def test_a_folder_that_takes_no_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("a file where the folder should be")
    with pytest.raises(PublishError, match="media"):
        Gallery(tmp_path, {}.get).publish(_jpeg(_noise(30, 20)))
