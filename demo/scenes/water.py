"""The harbour, the river and what lives on them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from demo.scenes.canvas import (
    BRICK,
    CORAL,
    CREAM,
    INK,
    LEAF,
    MIST,
    MOSS,
    MUSTARD,
    SEA,
    SLATE,
    TEAL,
    Canvas,
    Point,
)


def harbour(pixels: int) -> Canvas:
    """Container cranes in the morning."""
    sheet = Canvas(pixels, "#f6d9a8", "#f2a181")
    sheet.disc(222, 92, 30, CREAM)
    sheet.hill(128, 4, 30, 1, MIST)
    for left, colour in ((26, TEAL), (104, INK), (182, TEAL)):
        _crane(sheet, left, colour)
    colours = (BRICK, SEA, MUSTARD, SLATE, CORAL, TEAL)
    for row in range(3):
        for column in range(11 - row * 2):
            sheet.box(
                14 + row * 24 + column * 25, 141 - row * 11, 23.5, 10, colours[(column * 2 + row * 3) % 6]
            )
            for rib in range(1, 6):
                x = 14 + row * 24 + column * 25 + rib * 4
                sheet.line([(x, 143 - row * 11), (x, 149 - row * 11)], CREAM, 0.25)
    sheet.box(0, 151, 300, 7, INK)
    sheet.water(158, TEAL, SEA)
    for x, y, size in ((34, 26, 5), (92, 30, 4), (156, 24, 4), (262, 38, 5)):
        sheet.gull(x, y, size, INK)
    return sheet


def _crane(sheet: Canvas, left: float, colour: str) -> None:
    for x in (left + 6, left + 34):
        sheet.line([(x, 151), (x, 58)], colour, 3)
    sheet.line([(left + 6, 96), (left + 34, 96)], colour, 2.4)
    sheet.line([(left + 6, 96), (left + 34, 60)], colour, 1.4)
    sheet.line([(left - 12, 60), (left + 78, 60)], colour, 3)
    sheet.line([(left + 34, 60), (left + 26, 34), (left + 76, 60)], colour, 1.2)
    sheet.line([(left + 26, 34), (left - 10, 60)], colour, 1.2)
    sheet.box(left + 50, 62, 9, 7, MUSTARD)
    sheet.line([(left + 55, 69), (left + 55, 92)], INK, 0.6)
    sheet.box(left + 46, 92, 18, 8, CORAL)


def bridge(pixels: int) -> Canvas:
    """The Korenbrug, half open at dusk."""
    sheet = Canvas(pixels, "#2b5a6b", "#f4b48a")
    sheet.disc(150, 118, 26, "#fbe3b4")
    sheet.hill(122, 3, 18, 0.4, SLATE)
    for left, width, height in (
        (0, 22, 40),
        (24, 15, 28),
        (41, 19, 34),
        (238, 18, 30),
        (258, 20, 42),
        (280, 22, 26),
    ):
        sheet.gabled(left, 128, width, height, INK, INK)
        sheet.windows(left + 3, 128 - height + 6, 2, 3, (7, 9), (3, 4), (MUSTARD, INK, SLATE))
    sheet.water(128, "#24505e", "#3f7a84")
    for x in (74, 214):
        sheet.box(x - 4, 84, 18, 72, BRICK)
        sheet.box(x - 6, 80, 22, 6, INK)
        sheet.box(x - 8, 150, 26, 50, "#7f3a2a")
    for foot, tip, post in (((88, 118), (136, 72), 83), ((210, 118), (162, 72), 219)):
        sheet.line([foot, tip], INK, 5)
        sheet.line([(post, 78), tip], CREAM, 1)
        sheet.line([(post, 78), ((foot[0] + tip[0]) / 2, 95)], CREAM, 1)
    sheet.box(0, 116, 76, 6, INK)
    sheet.box(222, 116, 78, 6, INK)
    for x in range(4, 74, 10):
        sheet.line([(x, 116), (x, 109)], INK, 0.9)
        sheet.line([(x + 224, 116), (x + 224, 109)], INK, 0.9)
    sheet.line([(0, 109), (74, 109)], INK, 0.9)
    sheet.line([(224, 109), (300, 109)], INK, 0.9)
    _barge(sheet, 118, 162)
    return sheet


def _barge(sheet: Canvas, left: float, top: float) -> None:
    sheet.shape([(left, top), (left + 66, top), (left + 60, top + 11), (left + 7, top + 11)], CREAM)
    sheet.shape(
        [(left + 2, top + 4), (left + 64, top + 4), (left + 60, top + 11), (left + 7, top + 11)], CORAL
    )
    sheet.box(left + 48, top - 9, 11, 9, INK)
    sheet.box(left + 50, top - 7, 3, 3, MUSTARD)
    sheet.box(left + 8, top - 4, 36, 4, SLATE)


def river(pixels: int) -> Canvas:
    """The Wielde below Terwaal, wide and slow."""
    sheet = Canvas(pixels, "#8fc3cf", "#f3ead2")
    for x, y, width in ((50, 34, 26), (80, 40, 18), (208, 26, 30), (240, 33, 20)):
        sheet.disc(x, y, width, CREAM, 0.24)
    sheet.hill(92, 3, 26, 0, "#a9bf93")
    sheet.hill(104, 3, 40, 2, LEAF)
    sheet.box(0, 112, 300, 90, MOSS)
    bends = (
        (206, 106, 3),
        (182, 112, 6),
        (150, 120, 11),
        (150, 132, 18),
        (178, 146, 28),
        (196, 166, 44),
        (160, 196, 72),
    )
    left = [(x - w, y) for x, y, w in bends]
    right = [(x + w, y) for x, y, w in bends]
    sheet.shape([*_smooth(left), *reversed(_smooth(right))], "#79b4bd")
    inner = [(x - w * 0.5, y) for x, y, w in bends]
    outer = [(x + w * 0.1, y) for x, y, w in bends]
    sheet.shape([*_smooth(inner), *reversed(_smooth(outer))], "#a5d0d3")
    trees = ((36, 126, 7), (54, 124, 9), (76, 121, 6), (250, 122, 8), (266, 126, 10), (284, 124, 7))
    for x, y, size in (*trees, (24, 168, 16), (274, 178, 20)):
        sheet.line([(x, y), (x, y - size * 1.6)], INK, size / 9)
        sheet.disc(x, y - size * 1.9, size * 0.45, "#2f5733", 1.9)
    for x, y in ((100, 130), (112, 136), (92, 138)):
        sheet.disc(x, y, 3, CREAM, 0.7)
        sheet.disc(x + 2.6, y - 1, 1, INK)
    return sheet


def _smooth(corners: Sequence[Point]) -> list[Point]:
    """The points with their corners cut three times (Chaikin's way)."""
    points = list(corners)
    for _ in range(3):
        cut = [points[0]]
        for (ax, ay), (bx, by) in pairwise(points):
            cut += [
                (ax * 0.75 + bx * 0.25, ay * 0.75 + by * 0.25),
                (ax * 0.25 + bx * 0.75, ay * 0.25 + by * 0.75),
            ]
        points = [*cut, points[-1]]
    return points


def lock(pixels: int) -> Canvas:
    """The gates at Noordmolen, with water through the gap."""
    sheet = Canvas(pixels, "#e9dcc0", "#d7c7a5")
    sheet.box(0, 0, 300, 56, "#79b4bd")
    for row in range(5):
        for column in range(6):
            x = (column * 57 + row * 29) % 300
            sheet.line([(x, 8 + row * 10), (x + 18, 8 + row * 10)], "#a5d0d3", 1)
    sheet.box(70, 56, 160, 144, TEAL)
    sheet.shape([(70, 56), (150, 82), (150, 96), (70, 70)], BRICK)
    sheet.shape([(230, 56), (150, 82), (150, 96), (230, 70)], "#8a3c2a")
    for step in range(1, 6):
        sheet.line([(70 + step * 13.3, 56 + step * 4.3), (70 + step * 13.3, 70 + step * 4.3)], INK, 0.9)
        sheet.line([(230 - step * 13.3, 56 + step * 4.3), (230 - step * 13.3, 70 + step * 4.3)], INK, 0.9)
    for x, width, colour in ((150, 9, CREAM), (143, 4, MIST), (158, 4, MIST), (150, 3, MIST)):
        sheet.shape([(x - 1, 92), (x + 1, 92), (x + width, 168), (x - width, 168)], colour)
    for x, radius in ((150, 26), (132, 12), (170, 12), (118, 7), (184, 7)):
        sheet.disc(x, 168, radius, CREAM, 0.34)
    for row in range(4):
        for x in (84, 108, 176, 204):
            sheet.line([(x, 112 + row * 22), (x + 12, 112 + row * 22)], SEA, 1)
    for left in (0, 230):
        sheet.box(left, 56, 70, 144, "#cbb88f")
        for row in range(7):
            sheet.line([(left, 62 + row * 22), (left + 70, 62 + row * 22)], "#b7a278", 0.7)
            for column in range(3):
                x = left + column * 28 + (row % 2) * 14
                sheet.line([(x, 62 + row * 22), (x, 84 + row * 22)], "#b7a278", 0.7)
    for x in (60, 240):
        for y in (90, 134, 178):
            sheet.disc(x, y, 5, INK)
            sheet.disc(x, y - 1.5, 3, SLATE)
    sheet.line([(18, 40), (66, 62)], CREAM, 4)
    sheet.line([(282, 40), (234, 62)], CREAM, 4)
    return sheet


def shipyard(pixels: int) -> Canvas:
    """A hull in dry dock against an orange sky."""
    sheet = Canvas(pixels, "#e8895c", "#f8d9a0")
    sheet.disc(70, 104, 34, "#fbe6b5")
    sheet.box(0, 150, 300, 50, INK)
    for x, height in ((30, 96), (252, 110)):
        sheet.line([(x, 152), (x, 150 - height)], TEAL, 4)
        sheet.line([(x - 26, 152 - height), (x + 62 if x < 99 else x + 24, 152 - height)], TEAL, 3)
        for step in range(int(height // 12)):
            y = 150 - step * 12
            sheet.line([(x - 2, y), (x + 2, y - 12)], SEA, 0.8)
    sheet.line([(80, 56), (80, 84)], INK, 0.8)
    sheet.line([(234, 42), (234, 62)], INK, 0.8)
    hull = [(62, 92), (240, 84), (228, 150), (92, 150), (74, 128)]
    sheet.shape(hull, BRICK)
    sheet.shape([(62, 92), (240, 84), (237, 102), (66, 108)], CREAM)
    sheet.box(176, 62, 44, 24, CREAM)
    sheet.windows(181, 67, 4, 1, (9, 9), (5, 6), (INK,))
    sheet.box(190, 48, 14, 14, CORAL)
    for x in (98, 122, 146, 170, 194, 218):
        sheet.shape([(x - 4, 160), (x + 4, 160), (x + 2, 148), (x - 2, 148)], MUSTARD)
    for row in range(4):
        sheet.line([(78, 116 + row * 9), (232 - row * 2, 112 + row * 10)], "#8a3c2a", 0.7)
    for x, y in ((112, 128), (115, 124), (108, 125), (117, 131), (110, 132)):
        sheet.disc(x, y, 1.2, CREAM)
    sheet.disc(112, 128, 3, MUSTARD)
    sheet.shape([(0, 150), (62, 150), (50, 200), (0, 200)], SLATE)
    sheet.shape([(300, 150), (252, 150), (262, 200), (300, 200)], SLATE)
    for step in range(5):
        sheet.line([(0, 158 + step * 9), (60 - step * 2, 158 + step * 9)], INK, 0.8)
        sheet.line([(254 + step * 2, 158 + step * 9), (300, 158 + step * 9)], INK, 0.8)
    return sheet


def heron(pixels: int) -> Canvas:
    """A heron in the reeds before a low sun."""
    sheet = Canvas(pixels, "#f3c98b", "#e98d6b")
    sheet.disc(190, 96, 46, "#fbe3a8")
    sheet.hill(132, 3, 30, 2, "#8a6a5c")
    sheet.water(138, "#b9604e", "#e6a07a")
    sheet.line([(132, 182), (130, 134)], INK, 1.5)
    sheet.line([(140, 182), (138, 134)], INK, 1.5)
    sheet.shape([(96, 130), (120, 106), (146, 104), (156, 118), (146, 134), (122, 138)], SLATE)
    sheet.shape([(96, 130), (122, 114), (142, 116), (132, 132), (110, 138)], INK)
    sheet.line(_smooth([(148, 112), (166, 104), (150, 84), (148, 66), (158, 54)]), SLATE, 6)
    sheet.disc(159, 53, 6, SLATE)
    sheet.line([(154, 50), (138, 45)], INK, 1.6)
    sheet.shape([(163, 50), (192, 56), (163, 57)], MUSTARD)
    sheet.disc(161, 52, 1, INK)
    for number in range(34):
        x = (number * 47) % 116 if number % 2 else 214 + (number * 31) % 90
        high = 40 + (number * 29) % 62
        lean = (number * 7) % 11 - 5
        sheet.line([(x, 200), (x + lean, 200 - high)], "#3f3a2e", 1.1)
        sheet.disc(x + lean, 198 - high, 1.9, BRICK, 4)
    return sheet


def hills(pixels: int) -> Canvas:
    """Sheep under solar panels."""
    sheet = Canvas(pixels, "#a8d0d6", CREAM)
    sheet.disc(244, 42, 17, MUSTARD)
    for base, height, period, phase, colour in (
        (96, 9, 44, 0.3, "#b8cfa0"), (116, 10, 36, 2.2, "#93b678"), (138, 8, 52, 4.0, LEAF),
        (176, 6, 60, 1.0, MOSS),
    ):  # fmt: skip
        sheet.hill(base, height, period, phase, colour)
    for row, (y, size) in enumerate(((118, 13), (134, 17), (154, 23))):
        for column in range(8 - row):
            x = 24 + row * 10 + column * size * 1.55
            sheet.line([(x + size * 0.5, y), (x + size * 0.5, y + size * 0.55)], INK, size / 16)
            far = y - size * 0.5
            sheet.shape([(x, y), (x + size * 1.1, y), (x + size * 1.35, far), (x + size * 0.25, far)], INK)
            sheet.line(
                [(x + size * 0.13, y - size * 0.25), (x + size * 1.2, y - size * 0.25)], SLATE, size / 40
            )
            for third in (0.37, 0.73):
                sheet.line(
                    [(x + size * third, y), (x + size * (third + 0.25), y - size * 0.5)], SLATE, size / 40
                )
    for x, y, size in (
        (60, 178, 6),
        (96, 184, 7),
        (150, 180, 6),
        (206, 186, 8),
        (246, 176, 6),
        (128, 190, 7),
    ):
        for dx in (-0.5, 0.5):
            sheet.line([(x + dx * size, y), (x + dx * size, y + size * 0.9)], INK, size / 7)
        for dx, dy in ((-0.6, 0), (0, -0.35), (0.6, 0), (0, 0.15)):
            sheet.disc(x + dx * size, y + dy * size, size * 0.62, CREAM)
        sheet.disc(x + size * 1.25, y - size * 0.3, size * 0.42, INK)
    return sheet
