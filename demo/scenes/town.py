"""Streets, squares and roofs."""

from __future__ import annotations

from demo.scenes.canvas import (
    BRICK,
    CORAL,
    CREAM,
    INK,
    LEAF,
    MIST,
    MOSS,
    MUSTARD,
    SAND,
    SEA,
    SLATE,
    TEAL,
    Canvas,
)

_FACADES = (
    (BRICK, INK),
    (SAND, BRICK),
    (SLATE, INK),
    (CORAL, BRICK),
    (CREAM, SLATE),
    (MUSTARD, BRICK),
    (SEA, TEAL),
)


def _row(sheet: Canvas, base: float, panes: tuple[str, ...], shift: int = 0) -> None:
    """A row of gabled houses from edge to edge."""
    left = -6.0
    for number in range(10):
        width = (32, 27, 36, 30)[(number + shift) % 4]
        height = (66, 80, 58, 74, 88)[(number * 2 + shift) % 5]
        wall, roof = _FACADES[(number * 3 + shift) % len(_FACADES)]
        sheet.gabled(left, base, width, height, wall, roof)
        sheet.windows(left + 5, base - height + 6, 2, int(height // 20), (width - 16, 18), (7, 11), panes)
        left += width


def tram(pixels: int) -> Canvas:
    """Line 4 on the Vismarkt at night."""
    sheet = Canvas(pixels, "#0d2430", "#2b5361")
    sheet.disc(246, 34, 13, CREAM)
    sheet.disc(241, 31, 11.5, "#132f3b")
    for number in range(26):
        sheet.disc((number * 71) % 300, (number * 29) % 60 + 4, 0.6, MIST)
    left = -4.0
    for number in range(9):
        width, height = (36, 44, 32)[number % 3], (70, 54, 84, 62)[number % 4]
        sheet.gabled(left, 146, width, height, "#1c3f4b", "#163540")
        sheet.windows(left + 6, 152 - height, 2, 3, (width - 18, 16), (6, 9), ("#1c3f4b", MUSTARD, "#16303a"))
        left += width + 1
    sheet.box(0, 146, 300, 54, "#20434e")
    for y in (170, 178):
        sheet.line([(0, y), (300, y)], SLATE, 0.9)
    sheet.line([(0, 76), (300, 76)], SLATE, 0.6)
    sheet.line([(150, 100), (160, 88), (150, 76)], SLATE, 1.1)
    sheet.box(36, 100, 218, 68, SEA, 10)
    sheet.box(36, 142, 218, 18, TEAL)
    sheet.box(36, 139, 218, 2.4, CREAM)
    for number in range(7):
        sheet.box(48 + number * 28, 108, 23, 26, "#ffe2a0", 3)
    for number, high in ((0, 9), (2, 11), (3, 8), (5, 10)):
        x = 58 + number * 28
        sheet.disc(x, 132 - high, 4, INK)
        sheet.box(x - 6, 136 - high, 12, high - 2, INK, 2)
    for x in (124, 180):
        sheet.box(x, 106, 22, 54, TEAL, 2)
        sheet.box(x + 3, 110, 7, 30, "#ffe2a0", 1)
        sheet.box(x + 12, 110, 7, 30, "#ffe2a0", 1)
    for x in (72, 100, 190, 218):
        sheet.disc(x, 168, 7, INK)
        sheet.disc(x, 168, 3, SLATE)
    sheet.disc(251, 152, 3.4, "#fff3cf")
    sheet.shape([(254, 150), (300, 160), (300, 188), (254, 156)], "#41615f")
    sheet.box(54, 94, 26, 8, INK, 2)
    for number in range(3):
        sheet.box(58 + number * 6, 96, 4, 4, MUSTARD)
    return sheet


def school(pixels: int) -> Canvas:
    """A school with a yellow door."""
    sheet = Canvas(pixels, "#b9dadb", CREAM)
    sheet.disc(52, 44, 15, MUSTARD)
    for x, y, width in ((180, 34, 24), (204, 39, 16)):
        sheet.disc(x, y, width, CREAM, 0.3)
    sheet.box(0, 160, 300, 40, "#d9c79d")
    sheet.box(26, 86, 248, 78, BRICK)
    for row in range(9):
        for column in range(16):
            x = 28 + column * 16 + (row % 2) * 8
            sheet.line([(x, 92 + row * 8), (x + 5, 92 + row * 8)], "#8f3d2b", 0.6)
    sheet.shape([(18, 86), (40, 62), (260, 62), (282, 86)], INK)
    sheet.box(116, 56, 68, 108, CORAL)
    sheet.shape([(110, 56), (150, 26), (190, 56)], INK)
    sheet.disc(150, 60, 11, CREAM)
    sheet.line([(150, 60), (150, 53)], INK, 1.2)
    sheet.line([(150, 60), (155, 62)], INK, 1.2)
    for x in (38, 74, 198, 234):
        sheet.box(x, 98, 26, 36, CREAM)
        sheet.box(x + 2, 100, 22, 32, SEA)
        sheet.line([(x + 13, 100), (x + 13, 132)], CREAM, 1.4)
        sheet.line([(x + 2, 114), (x + 24, 114)], CREAM, 1.4)
    for x in (122, 160):
        sheet.box(x, 82, 18, 24, SEA)
        sheet.line([(x + 9, 82), (x + 9, 106)], CREAM, 1.2)
    sheet.box(134, 116, 32, 48, INK)
    sheet.box(137, 119, 26, 45, "#f2c14b")
    sheet.disc(158, 142, 1.6, INK)
    sheet.shape([(124, 164), (176, 164), (184, 172), (116, 172)], SAND)
    for x, colour in ((60, TEAL), (82, CORAL), (226, MUSTARD), (244, INK)):
        sheet.disc(x, 158, 5, "#d79b75")
        sheet.box(x - 6, 163, 12, 18, colour, 4)
        sheet.line([(x - 3, 180), (x - 3, 190)], INK, 2.4)
        sheet.line([(x + 3, 180), (x + 3, 190)], INK, 2.4)
    for x in (12, 286):
        sheet.line([(x, 170), (x, 120)], "#6a4a34", 4)
        sheet.disc(x, 108, 20, LEAF)
        sheet.disc(x - 6, 100, 12, MOSS)
    return sheet


def street(pixels: int) -> Canvas:
    """The Lindenveld with its cyclists."""
    sheet = Canvas(pixels, "#cfe3e2", CREAM)
    _row(sheet, 138, (CREAM, MIST, TEAL), 1)
    sheet.box(0, 138, 300, 62, "#c9664f")
    sheet.box(0, 138, 300, 8, SAND)
    for x in range(8, 300, 34):
        sheet.box(x, 180, 18, 2, CREAM)
    for x in (30, 112, 196, 276):
        sheet.line([(x, 144), (x, 104)], "#5b4632", 3)
        for dx, dy, radius in ((0, 92, 17), (-11, 100, 11), (11, 99, 12)):
            sheet.disc(x + dx, dy, radius, MOSS if dx else LEAF)
    _bicycle(sheet, 66, 172, TEAL, CREAM)
    _bicycle(sheet, 150, 160, MUSTARD, INK)
    _bicycle(sheet, 226, 176, INK, CORAL)
    sheet.shape([(248, 164), (282, 164), (276, 178), (252, 178)], SEA)
    sheet.disc(278, 177, 6, INK)
    sheet.disc(278, 177, 4, "#c9664f")
    sheet.disc(262, 158, 4.4, "#d79b75")
    sheet.shape([(256, 164), (268, 164), (262, 148)], CORAL)
    return sheet


def _bicycle(sheet: Canvas, x: float, y: float, coat: str, frame: str) -> None:
    for dx in (-12, 12):
        sheet.arc(x + dx, y, 8, 0, 360, INK, 1.4)
    sheet.line([(x - 12, y), (x - 4, y - 10), (x + 8, y - 10), (x + 12, y)], frame, 1.6)
    sheet.line([(x - 4, y - 10), (x, y), (x + 8, y - 10)], frame, 1.6)
    sheet.line([(x + 8, y - 10), (x + 7, y - 15), (x + 11, y - 16)], INK, 1.2)
    sheet.line([(x - 3, y - 14), (x + 3, y - 6), (x + 1, y + 1)], INK, 3)
    sheet.line([(x - 3, y - 15), (x + 1, y - 28)], coat, 7)
    sheet.line([(x + 1, y - 26), (x + 9, y - 17)], coat, 2.6)
    sheet.disc(x + 3, y - 35, 4.4, "#d79b75")
    sheet.arc(x + 3, y - 36, 4, 170, 350, INK, 2.4)


def skyline(pixels: int) -> Canvas:
    """Flat roofs and towers in the heat."""
    sheet = Canvas(pixels, "#f2c46d", "#fbeecb")
    for radius, colour in ((58, "#f5d080"), (44, "#f8dc9a"), (30, CREAM)):
        sheet.disc(212, 68, radius, colour)
    for depth, colour in enumerate(("#e5b184", "#c9836a", "#7d5b5c")):
        left = -8.0 - depth * 5
        for number in range(14):
            width = (22, 30, 18, 26)[(number + depth) % 4]
            height = 34 + (number * 17 + depth * 23) % 38
            sheet.box(left, 122 + depth * 22 - height, width + 0.5, 200, colour)
            if (number + depth) % 3 == 0:
                sheet.box(left + 4, 116 + depth * 22 - height, 5, 8, colour)
            if (number + depth) % 4 == 1:
                sheet.line(
                    [(left + 12, 122 + depth * 22 - height), (left + 12, 108 + depth * 22 - height)],
                    colour,
                    1,
                )
            left += width
    for x, top, colour in ((74, 34, "#c9836a"), (148, 22, "#7d5b5c"), (258, 48, "#c9836a")):
        sheet.box(x - 8, top + 22, 16, 140, colour)
        sheet.shape([(x - 10, top + 22), (x, top - 12), (x + 10, top + 22)], colour)
        sheet.box(x - 2.4, top + 32, 4.8, 10, "#f5d080", 2)
    sheet.box(0, 168, 300, 40, INK)
    left = 0.0
    for number in range(9):
        width, height = (38, 30, 44)[number % 3], 8 + (number * 13) % 22
        sheet.box(left, 170 - height, width, 60, INK)
        sheet.windows(
            left + 6, 178 - height, int(width // 10), 2, (9, 12), (4, 6), ("#2b4a52", MUSTARD, "#2b4a52")
        )
        left += width
    return sheet


def tower(pixels: int) -> Canvas:
    """The corn exchange with its bells."""
    sheet = Canvas(pixels, "#5f97a3", "#f5e2bd")
    for x, y, width in ((60, 50, 26), (84, 57, 18), (226, 36, 22), (250, 43, 30)):
        sheet.disc(x, y, width, CREAM, 0.26)
    _row(sheet, 210, (CREAM, INK, MIST), 2)
    sheet.box(122, 66, 56, 140, "#c8926b")
    sheet.box(118, 96, 64, 5, BRICK)
    sheet.box(118, 62, 64, 6, BRICK)
    for x in (128, 144, 160):
        sheet.box(x, 106, 12, 40, INK, 6)
        for louvre in range(4):
            sheet.line([(x + 2, 116 + louvre * 7), (x + 10, 116 + louvre * 7)], "#c8926b", 1)
    sheet.disc(150, 82, 13, INK)
    sheet.disc(150, 82, 11.4, SEA)
    for x, y in ((150, 73), (159, 82), (150, 91), (141, 82)):
        sheet.disc(x, y, 1.1, CREAM)
    sheet.line([(150, 82), (150, 75)], CREAM, 1.4)
    sheet.line([(150, 82), (156, 85)], CREAM, 1.4)
    sheet.box(130, 34, 40, 28, "#c8926b")
    for number in range(3):
        x = 138 + number * 12
        sheet.box(x - 4, 38, 8, 24, INK, 4)
        sheet.shape([(x - 3, 54), (x - 2, 47), (x + 2, 47), (x + 3, 54)], MUSTARD)
        sheet.disc(x, 55, 0.9, MUSTARD)
    sheet.shape([(126, 34), (150, 2), (174, 34)], TEAL)
    sheet.line([(150, 2), (150, -8)], INK, 1)
    for x, y, size in ((96, 34, 4), (206, 66, 5), (218, 60, 3.6), (88, 84, 4)):
        sheet.gull(x, y, size, INK)
    return sheet


def rain(pixels: int) -> Canvas:
    """Umbrellas in the Graanstraat."""
    sheet = Canvas(pixels, "#3c5963", "#7d99a0")
    left = -6.0
    for number in range(8):
        width, height = (42, 36, 48)[number % 3], (104, 86, 118, 94)[number % 4]
        sheet.box(left, 150 - height, width - 1, height, ("#2c4650", "#35525c", "#27404a")[number % 3])
        panes = ("#2c4650", "#f4c766", "#223a43", "#2c4650")
        sheet.windows(left + 6, 158 - height, 3, int(height // 24), ((width - 8) / 3, 22), (7, 13), panes)
        left += width
    sheet.box(0, 148, 300, 52, "#4b6972")
    for number in range(12):
        x = (number * 59) % 300
        sheet.box(x, 152 + (number * 13) % 40, 22, 1.4, "#f0cf86" if number % 3 == 0 else "#6b8790")
    for x, y, size, colour in (
        (58, 132, 1.0, CORAL), (104, 140, 1.15, MUSTARD), (176, 128, 0.9, CREAM), (222, 142, 1.25, SEA),
        (270, 130, 0.9, BRICK),
    ):  # fmt: skip
        _umbrella(sheet, x, y, size, colour)
    for number in range(110):
        x, y = (number * 83) % 310, (number * 47) % 200
        sheet.line([(x, y), (x - 2.4, y + 8)], "#b9ced2", 0.4)
    return sheet


def _umbrella(sheet: Canvas, x: float, y: float, size: float, colour: str) -> None:
    sheet.box(x - 6 * size, y + 2 * size, 12 * size, 34 * size, INK, 5 * size)
    sheet.line([(x - 2.6 * size, y + 34 * size), (x - 3.4 * size, y + 46 * size)], INK, 3 * size)
    sheet.line([(x + 2.6 * size, y + 34 * size), (x + 4.4 * size, y + 46 * size)], INK, 3 * size)
    dome = [
        (x - 24 * size, y),
        (x - 19 * size, y - 12 * size),
        (x - 8 * size, y - 20 * size),
        (x, y - 22 * size),
    ]
    mirrored = [(2 * x - px, py) for px, py in reversed(dome[:-1])]
    sheet.shape([*dome, *mirrored], colour)
    for dx in (-16, 0, 16):
        sheet.disc(x + dx * size, y, 8 * size, colour, 0.35)
    sheet.line([(x, y - 22 * size), (x, y - 26 * size)], INK, 1.2 * size)


def market(pixels: int) -> Canvas:
    """Stalls with striped awnings."""
    sheet = Canvas(pixels, "#a9d0d2", CREAM)
    _row(sheet, 112, (CREAM, SLATE, MIST), 0)
    sheet.box(0, 112, 300, 88, "#d8c9a8")
    for number in range(40):
        sheet.line(
            [
                ((number * 61) % 300, 120 + (number * 23) % 78),
                ((number * 61) % 300 + 9, 120 + (number * 23) % 78),
            ],
            "#c7b58f",
            0.8,
        )
    for left, top, colour in ((8, 92, CORAL), (110, 84, TEAL), (214, 94, MUSTARD)):
        _stall(sheet, left, top, colour)
    return sheet


def _stall(sheet: Canvas, left: float, top: float, colour: str) -> None:
    for x in (left + 3, left + 77):
        sheet.line([(x, top + 6), (x, top + 92)], "#5b4632", 2)
    sheet.box(left, top + 52, 80, 34, "#8c6a4a")
    for plank in range(1, 4):
        sheet.line([(left, top + 52 + plank * 9), (left + 80, top + 52 + plank * 9)], "#74563b", 0.8)
    for crate in range(3):
        x = left + 4 + crate * 25
        sheet.box(x, top + 43, 22, 10, "#b98d5e")
        goods = ((CORAL, SAND), (LEAF, MUSTARD), (MIST, SLATE))[(crate + int(left)) % 3]
        for row in range(2):
            for number in range(5 - row):
                sheet.disc(x + 3 + row * 2 + number * 4, top + 42 - row * 4, 2.6, goods[(number + row) % 2])
    for stripe in range(8):
        x = left - 4 + stripe * 11
        shade = colour if stripe % 2 == 0 else CREAM
        sheet.shape(
            [
                (left + 2 + stripe * 9.5, top - 14),
                (left + 11.5 + stripe * 9.5, top - 14),
                (x + 11, top + 6),
                (x, top + 6),
            ],
            shade,
        )
        sheet.disc(x + 5.5, top + 6, 5.5, shade, 0.8)
    sheet.disc(left + 42, top + 24, 6, "#d79b75")
    sheet.box(left + 34, top + 30, 16, 16, INK, 4)
    sheet.box(left + 37, top + 34, 10, 12, CREAM, 2)
