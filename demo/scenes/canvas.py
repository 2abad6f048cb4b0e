"""A sheet to draw on: flat shapes in the newspaper's palette, in units of a 300 by 200 picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

INK = "#12303a"
TEAL = "#0f5a5e"
SEA = "#2f8a8a"
MIST = "#9cc4c4"
SAND = "#efe3cc"
CREAM = "#faf4e6"
CORAL = "#e2725b"
BRICK = "#a64b35"
MUSTARD = "#e3aa3c"
SLATE = "#5d7f88"
LEAF = "#6f9a5a"
MOSS = "#47703f"

WIDTH, HEIGHT = 300, 200
_FINE = 2
"""Drawn at twice the size and scaled down: that is what smooths the edges."""

Point = tuple[float, float]


class Canvas:
    """A picture being drawn. Every coordinate is in units; y grows downwards."""

    def __init__(self, pixels: int, top: str, bottom: str) -> None:
        """A sheet `pixels` wide with a sky that goes from one colour to another."""
        self.scale = pixels * _FINE / WIDTH
        self.image = _gradient(top, bottom, (pixels * _FINE, pixels * HEIGHT // WIDTH * _FINE))
        self.pen = ImageDraw.Draw(self.image)

    def finished(self) -> Image.Image:
        """The picture at its own size."""
        return self.image.reduce(_FINE)

    def box(
        self, left: float, top: float, width: float, height: float, colour: str, radius: float = 0
    ) -> None:
        """A rectangle, its corners round where a radius is given."""
        s = self.scale
        self.pen.rounded_rectangle(
            (left * s, top * s, (left + width) * s, (top + height) * s), radius * s, colour
        )

    def disc(self, x: float, y: float, radius: float, colour: str, squash: float = 1) -> None:
        """A circle, or an ellipse that much as high as it is wide."""
        s = self.scale
        high = radius * squash
        self.pen.ellipse(((x - radius) * s, (y - high) * s, (x + radius) * s, (y + high) * s), colour)

    def shape(self, points: Sequence[Point], colour: str) -> None:
        """A polygon."""
        self.pen.polygon([(x * self.scale, y * self.scale) for x, y in points], colour)

    def line(self, points: Sequence[Point], colour: str, width: float = 1) -> None:
        """A line with round ends."""
        s = self.scale
        self.pen.line([(x * s, y * s) for x, y in points], colour, round(width * s), joint="curve")
        for x, y in (points[0], points[-1]):
            self.disc(x, y, width / 2, colour)

    def arc(
        self, x: float, y: float, radius: float, start: float, end: float, colour: str, width: float = 1
    ) -> None:
        """Part of a circle, in degrees clockwise from three o'clock."""
        steps = [math.radians(start + (end - start) * step / 40) for step in range(41)]
        self.line([(x + radius * math.cos(a), y + radius * math.sin(a)) for a in steps], colour, width)

    def hill(self, base: float, height: float, period: float, phase: float, colour: str) -> None:
        """A rolling line from edge to edge, filled down to the bottom."""
        crest = [
            (x, base - height * (math.sin(x / period + phase) + 0.4 * math.sin(2.3 * x / period + phase)))
            for x in range(-2, WIDTH + 4, 2)
        ]
        self.shape([*crest, (WIDTH + 2, HEIGHT + 2), (-2, HEIGHT + 2)], colour)

    def water(self, top: float, colour: str, ripple: str) -> None:
        """Water from `top` to the bottom, with ripples that grow wider as they come nearer."""
        self.box(0, top, WIDTH, HEIGHT - top, colour)
        for row in range(9):
            depth = (row + 1) / 9
            y = top + (HEIGHT - top) * depth**1.3 - 3
            for column in range(7):
                x = (column * 53 + row * 37) % (WIDTH + 40) - 20
                self.line([(x, y), (x + 6 + 16 * depth, y)], ripple, 0.5 + 0.7 * depth)

    def gull(self, x: float, y: float, size: float, colour: str) -> None:
        """A bird far off."""
        self.arc(x - size, y, size, 200, 340, colour, size / 5)
        self.arc(x + size * 0.9, y, size, 200, 340, colour, size / 5)

    def windows(
        self,
        left: float,
        top: float,
        columns: int,
        rows: int,
        gap: Point,
        size: Point,
        colours: Sequence[str],
    ) -> None:
        """A grid of windows, lit and dark in a fixed pattern."""
        for row in range(rows):
            for column in range(columns):
                colour = colours[(column * 5 + row * 3 + column * row) % len(colours)]
                self.box(left + column * gap[0], top + row * gap[1], *size, colour)

    def gabled(self, left: float, base: float, width: float, height: float, colour: str, roof: str) -> None:
        """A house with a stepped or plain gable, standing on `base`."""
        top = base - height
        self.box(left, top, width, height, colour)
        self.shape([(left - 1, top), (left + width / 2, top - width * 0.55), (left + width + 1, top)], roof)


def _gradient(top: str, bottom: str, size: Point) -> Image.Image:
    # Every column is the same: one is mixed, and drawn out.
    mask = Image.linear_gradient("L").crop((0, 0, 1, 256)).resize((1, int(size[1])))
    column = Image.composite(Image.new("RGB", mask.size, bottom), Image.new("RGB", mask.size, top), mask)
    return column.resize((int(size[0]), int(size[1])), Image.Resampling.NEAREST)
