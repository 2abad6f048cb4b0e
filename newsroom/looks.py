"""The tokens of the looks: defined once, used by mail and pages alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from newsroom.errors import ConfigurationError
from newsroom.masthead import Look

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_FONTS = re.compile(r"[\w ,'-]+")


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one mode, as `#rrggbb`."""

    paper: str
    """The sheet."""
    desk: str
    """Around the sheet."""
    ink: str
    """Headlines and text."""
    soft: str
    """Meta lines and captions."""
    rule: str
    """Hairlines."""
    accent: str
    """Section labels, links in running text, the ground of the one button."""
    paid: str
    """The ground of the sponsored block."""
    wrong: str
    """What a reader has to mend: red, whatever the accent is."""


LIGHT = Palette("#ffffff", "#f4f1ea", "#1b1b1b", "#5a5650", "#d9d4c7", "#9b1c1c", "#f2ecdd", "#a4161a")
DARK = Palette("#16171a", "#0d0e10", "#ece9e2", "#a9a49a", "#33353a", "#f08a80", "#24221c", "#ff8f87")


@dataclass(frozen=True, slots=True)
class Looks:
    """Everything a template needs to draw with, safe to put into CSS as it is."""

    light: Palette
    dark: Palette
    headline_font: str
    text_font: str


def looks_of(look: Look) -> Looks:
    """The tokens with the newsroom's own accents and fonts.

    Raises ConfigurationError for a colour or a font list that could carry anything else into a style.
    """
    for key, value in (("accent", look.accent), ("accent_dark", look.accent_dark)):
        if not _COLOUR.fullmatch(value):
            raise ConfigurationError(f"look.{key}: {value!r} is not a colour; write it as #rrggbb")
    fonts = {}
    for key, value in (("headline_font", look.headline_font), ("text_font", look.text_font)):
        fonts[key] = value.replace('"', "'")
        if not _FONTS.fullmatch(fonts[key]):
            raise ConfigurationError(
                f"look.{key}: {value!r} is not a list of fonts; allowed: names, quoted or not, and commas"
            )
    return Looks(replace(LIGHT, accent=look.accent), replace(DARK, accent=look.accent_dark), **fonts)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
