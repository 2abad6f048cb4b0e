"""Indoors: a library, a theatre, a shop, a workshop."""

from __future__ import annotations

from demo.scenes.canvas import (
    BRICK,
    CORAL,
    CREAM,
    INK,
    LEAF,
    MIST,
    MUSTARD,
    SAND,
    SEA,
    SLATE,
    TEAL,
    Canvas,
)

_SPINES = (BRICK, TEAL, MUSTARD, SLATE, CORAL, INK, SAND, SEA, LEAF, "#7f5a83")


def library(pixels: int) -> Canvas:
    """Shelves in the cellar, and a ladder."""
    sheet = Canvas(pixels, "#6b4630", "#51331f")
    for shelf in range(5):
        base = 38 + shelf * 40
        sheet.box(0, base - 34, 300, 34, "#3a2416")
        x, number = 2.0, 0
        while x < 300:
            width = 4 + (number * 7 + shelf * 3) % 6
            height = 21 + (number * 5 + shelf * 11) % 11
            colour = _SPINES[(number * 3 + shelf * 7 + number // 4) % len(_SPINES)]
            if (number + shelf * 5) % 17 == 16:
                sheet.shape(
                    [(x, base), (x + width, base), (x + width + 8, base - height), (x + 8, base - height)],
                    colour,
                )
                x += 9
            else:
                sheet.box(x, base - height, width, height, colour, 0.6)
                sheet.line([(x + 1.4, base - height + 5), (x + width - 1.4, base - height + 5)], CREAM, 0.6)
                sheet.line([(x + 1.4, base - 4), (x + width - 1.4, base - 4)], CREAM, 0.4)
            x += width + 0.6
            number += 1
        sheet.box(0, base, 300, 6, "#8a5b3a")
        sheet.box(0, base + 4.6, 300, 1.4, "#5f3d25")
    for x in (98, 199):
        sheet.box(x, 0, 6, 200, "#8a5b3a")
    for foot, head in ((214, 236), (244, 262)):
        sheet.line([(foot, 200), (head, 6)], SAND, 3)
    for rung in range(10):
        y = 186 - rung * 19
        shift = (200 - y) * 0.113
        sheet.line([(214 + shift, y), (244 + shift * 0.84, y)], SAND, 2.2)
    for radius, colour in ((11, "#f6d68c"), (7, CREAM)):
        sheet.disc(50, 20, radius, colour)
    sheet.line([(50, -4), (50, 10)], INK, 1.2)
    sheet.shape([(38, 18), (62, 18), (56, 8), (44, 8)], INK)
    return sheet


def theatre(pixels: int) -> Canvas:
    """A curtain, a spotlight, and rain."""
    sheet = Canvas(pixels, "#3b1518", "#5a1e20")
    sheet.box(0, 158, 300, 42, "#6a4327")
    for board in range(12):
        sheet.line([(150 + (board - 6) * 18, 158), (150 + (board - 6) * 34, 200)], "#4f3019", 0.9)
    sheet.box(60, 20, 180, 138, "#1c2a33")
    sheet.shape([(150, -10), (96, 172), (204, 172)], "#4c5a58")
    sheet.shape([(150, -10), (114, 172), (186, 172)], "#8d9277")
    sheet.disc(150, 172, 52, "#c9b98a", 0.2)
    for side in (-1, 1):
        for fold in range(7):
            near, far = 150 + side * (58 + fold * 16), 150 + side * (75 + fold * 16)
            pull = max(0, 16 - fold * 6)
            colour = ("#a52a2a", "#8c2023", "#b83a33")[fold % 3]
            sheet.shape([(near, 16), (far, 16), (far, 162), (near + side * pull, 162 - pull * 0.4)], colour)
    for swag in range(6):
        sheet.disc(25 + swag * 50, 14, 29, "#8c2023" if swag % 2 else "#a52a2a", 0.8)
        sheet.arc(25 + swag * 50, 12, 25, 20, 160, MUSTARD, 1.4)
    sheet.box(0, 0, 300, 9, "#6b1719")
    sheet.disc(150, 112, 8, "#d79b75")
    sheet.shape([(142, 122), (158, 122), (168, 168), (132, 168)], TEAL)
    sheet.line([(144, 126), (130, 108)], TEAL, 4)
    sheet.line([(156, 126), (170, 140)], TEAL, 4)
    sheet.arc(150, 110, 8, 190, 350, INK, 3)
    for number in range(26):
        x, y = 112 + (number * 31) % 76, 30 + (number * 43) % 124
        sheet.line([(x, y), (x - 0.8, y + 5)], MIST, 0.7)
    sheet.line([(130, 108), (130, 88)], INK, 1)
    sheet.shape([(110, 90), (116, 81), (130, 77), (144, 81), (150, 90)], MUSTARD)
    return sheet


def bakery(pixels: int) -> Canvas:
    """The window of Maison Célestine."""
    sheet = Canvas(pixels, "#efd9bd", "#e3c39b")
    sheet.box(0, 168, 300, 32, "#b79f80")
    sheet.box(20, 20, 260, 150, TEAL)
    sheet.box(30, 58, 168, 92, CREAM)
    sheet.box(33, 61, 162, 86, "#fbe9c6")
    sheet.box(210, 58, 58, 112, INK)
    sheet.box(214, 62, 50, 62, "#fbe9c6")
    sheet.disc(218, 136, 2, MUSTARD)
    sheet.box(222, 84, 34, 16, CREAM, 2)
    sheet.line([(228, 90), (250, 90)], BRICK, 1)
    sheet.line([(232, 94), (246, 94)], BRICK, 1)
    tones = ("#5b3420", "#7a4a2b", "#3f2416", "#8c5a35")
    for shelf in range(3):
        y = 88 + shelf * 26
        sheet.box(40, y, 148, 2.6, SLATE)
        for number in range(11):
            x = 48 + number * 13.2
            if (number + shelf) % 5 == 4:
                sheet.shape([(x - 6, y), (x + 6, y), (x, y - 14)], CORAL)
                sheet.line([(x - 3.4, y - 4), (x + 3.4, y - 4)], CREAM, 1)
                continue
            sheet.disc(x, y - 5, 5.4, tones[(number * 3 + shelf) % 4], 0.9)
            sheet.arc(x, y - 5, 3.4, 200, 300, "#c89b6c", 0.9)
            sheet.box(x - 5, y - 2.4, 10, 2.6, SAND, 1)
    for stripe in range(14):
        x = 14 + stripe * 19.6
        shade = CORAL if stripe % 2 == 0 else CREAM
        sheet.shape([(24 + stripe * 18.1, 28), (42.1 + stripe * 18.1, 28), (x + 19.6, 54), (x, 54)], shade)
        sheet.disc(x + 9.8, 54, 9.8, shade, 0.7)
    for x, colour in ((14, LEAF), (286, LEAF)):
        sheet.shape([(x - 9, 172), (x + 9, 172), (x + 7, 190), (x - 7, 190)], BRICK)
        sheet.disc(x, 160, 13, colour)
    return sheet


def workshop(pixels: int) -> Canvas:
    """Tools on a wall."""
    sheet = Canvas(pixels, "#dcc9a4", "#cdb68a")
    for row in range(9):
        for column in range(19):
            sheet.disc(10 + column * 16, 10 + row * 14, 0.8, "#b59c6d")
    sheet.box(0, 144, 300, 12, "#7a5433")
    sheet.box(0, 156, 300, 44, "#5f3f25")
    for x in (24, 250):
        sheet.box(x, 156, 26, 44, "#7a5433")
    for x, length in ((30, 44), (46, 52), (62, 60)):
        sheet.box(x - 2.4, 30, 4.8, 22, (BRICK, MUSTARD, TEAL)[int(x) % 3], 2)
        sheet.line([(x, 52), (x, 30 + length)], SLATE, 2)
    sheet.line([(98, 34), (98, 96)], "#7a5433", 5)
    sheet.box(84, 26, 30, 13, INK, 2)
    sheet.shape([(130, 40), (196, 52), (196, 66), (130, 78)], MIST)
    for tooth in range(11):
        sheet.shape(
            [
                (132 + tooth * 6, 77 - tooth * 1.1),
                (138 + tooth * 6, 76 - tooth * 1.1),
                (135 + tooth * 6, 81 - tooth * 1.1),
            ],
            MIST,
        )
    sheet.box(192, 48, 24, 24, BRICK, 6)
    sheet.box(199, 55, 10, 10, "#d3bd92", 4)
    sheet.arc(244, 46, 12, 130, 410, SLATE, 5)
    sheet.line([(244, 58), (244, 104)], SLATE, 6)
    for x, radius in ((268, 10), (268, 6)):
        sheet.arc(x, 92, radius, 0, 360, INK, 2.4)
    sheet.box(40, 128, 74, 16, CORAL, 2)
    sheet.box(62, 120, 30, 8, CORAL, 4)
    sheet.box(67, 123, 20, 6, "#cdb68a", 2)
    sheet.line([(40, 134), (114, 134)], INK, 1.2)
    sheet.shape([(150, 144), (150, 124), (190, 124), (198, 132), (198, 144)], TEAL)
    sheet.box(160, 114, 16, 10, INK)
    sheet.shape([(206, 144), (232, 144), (240, 136), (214, 136)], SAND)
    for curl in range(5):
        sheet.arc(128 + curl * 5, 141 - (curl % 2) * 2, 3, 0, 300, SAND, 1)
    sheet.shape([(110, 0), (190, 0), (176, 14), (124, 14)], INK)
    sheet.disc(150, 15, 8, "#fff0c2", 0.6)
    return sheet


def records(pixels: int) -> Canvas:
    """Boxes full of sleeves at Plaat & Co."""
    sheet = Canvas(pixels, "#2f5d66", "#24484f")
    for number, colour in enumerate((CORAL, MUSTARD, CREAM, SEA)):
        x = 22 + number * 66
        sheet.box(x, 16, 56, 56, colour, 1)
        if number == 0:
            for radius, tone in ((20, CREAM), (13, CORAL), (6, INK)):
                sheet.disc(x + 28, 44, radius, tone)
        elif number == 1:
            sheet.shape([(x + 8, 64), (x + 28, 24), (x + 48, 64)], BRICK)
            sheet.disc(x + 42, 28, 5, CREAM)
        elif number == 2:
            for line in range(6):
                sheet.line([(x + 8, 24 + line * 8), (x + 48 - line * 6, 24 + line * 8)], TEAL, 3)
        else:
            for wave in range(4):
                sheet.arc(x + 28, 74, 10 + wave * 7, 215, 325, CREAM, 2.4)
    sheet.box(0, 152, 300, 48, "#4b3120")
    for left in (8, 106, 204):
        for sleeve in range(14):
            edge = left + 4 + sleeve * 5.4
            lift = (sleeve * 7 + int(left)) % 9
            sheet.box(edge, 98 - lift, 12, 70, _SPINES[(sleeve * 3 + int(left)) % len(_SPINES)], 0.6)
            sheet.line([(edge + 0.6, 99 - lift), (edge + 0.6, 130)], INK, 0.3)
        sheet.box(left, 130, 88, 60, "#b98a58", 1)
        for plank in (144, 160, 176):
            sheet.line([(left, plank), (left + 88, plank)], "#94693d", 1)
        sheet.box(left + 28, 148, 32, 10, CREAM, 1)
        sheet.line([(left + 33, 153), (left + 55, 153)], INK, 1)
    sheet.disc(250, 104, 30, INK)
    for radius in (26, 22, 18):
        sheet.arc(250, 104, radius, 0, 360, "#2f4a52", 0.5)
    sheet.disc(250, 104, 10, CORAL)
    sheet.disc(250, 104, 1.6, CREAM)
    sheet.box(204, 130, 88, 60, "#b98a58", 1)
    for plank in (144, 160, 176):
        sheet.line([(204, plank), (292, plank)], "#94693d", 1)
    sheet.box(232, 148, 32, 10, CREAM, 1)
    sheet.line([(237, 153), (259, 153)], INK, 1)
    return sheet
