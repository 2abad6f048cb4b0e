"""Draws the demo's pictures, the same ones each time: `python -m demo.pictures FOLDER`."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image, ImageChops

from demo.scenes import rooms, town, water
from demo.scenes.canvas import Canvas

SCENES: Mapping[str, Callable[[int], Canvas]] = {
    "bakery": rooms.bakery,
    "bridge": water.bridge,
    "harbour": water.harbour,
    "heron": water.heron,
    "hills": water.hills,
    "library": rooms.library,
    "lock": water.lock,
    "market": town.market,
    "rain": town.rain,
    "records": rooms.records,
    "river": water.river,
    "school": town.school,
    "shipyard": water.shipyard,
    "skyline": town.skyline,
    "street": town.street,
    "theatre": rooms.theatre,
    "tower": town.tower,
    "tram": town.tram,
    "workshop": rooms.workshop,
}
WIDTH = 1600
LARGE = "harbour"
"""Delivered as a photographer would: 5,400 pixels wide, with the grain of a film and over 4 MB."""


def draw(folder: Path) -> list[Path]:
    """Every picture as a JPEG file in `folder`; those that are there already stay."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, scene in SCENES.items():
        path = folder / f"{name}.jpg"
        if not path.exists():
            _write(path, scene, large=name == LARGE)
        paths.append(path)
    return paths


def _write(path: Path, scene: Callable[[int], Canvas], *, large: bool) -> None:
    picture = scene(WIDTH).finished()
    if large:
        picture = _grained(picture.resize((5400, 3600), Image.Resampling.LANCZOS))
    beside = path.with_suffix(".part")
    picture.save(beside, "JPEG", quality=92 if large else 88, subsampling=0, optimize=True)
    beside.replace(path)


def _grained(picture: Image.Image) -> Image.Image:
    side = 600
    noise = Image.frombytes("L", (side, side), random.Random(1958).randbytes(side * side))
    tile = noise.point([number // 18 for number in range(256)])
    grain = Image.new("L", picture.size)
    for left in range(0, picture.width, side):
        for top in range(0, picture.height, side):
            grain.paste(tile, (left, top))
    return ImageChops.subtract(picture, Image.merge("RGB", (grain, grain, grain)))


if __name__ == "__main__":
    for drawn in draw(Path(sys.argv[1])):
        print(f"{drawn.stat().st_size // 1024:6} KB  {drawn}")
