"""A picture's caption and its credit, which many systems write into one line."""

from __future__ import annotations

import re

from content.sanitise import clean_line

CREDIT_WORDS = {
    "en": "photo photos photograph photographs photographer picture pictures image images credit "
    "illustration graphic courtesy",
    "nl": "foto foto's fotograaf beeld beeldbewerking illustratie bron",
    "de": "foto fotos fotograf fotografin bild bilder illustration grafik quelle",
    "fr": "photo photos photographie crédit crédits illustration image images infographie",
    "es": "foto fotos fotografía imagen imágenes crédito ilustración",
    "pt": "foto fotos fotografia imagem crédito ilustração",
    "it": "foto fotografia immagine credito illustrazione",
    "sv, da, no, fi": "foto fotograf bild billede bilde kuva grafik",
    "pl, cs": "fot fot. foto zdjęcie rys rys. snímek",
    "tr, el, ru, uk": "fotoğraf φωτογραφία φωτο фото фотография ілюстрація",
    "ja, zh, ko": "写真 撮影 提供 照片 图片 圖片 摄影 攝影 사진",
    "ar, he": "صورة تصوير الصورة צילום תמונה",
}
"""What a credit begins with, by language. All are looked for in every one: agencies' captions stay as they
are."""

_LISTED = {word for words in CREDIT_WORDS.values() for word in words.split()}
_WORDS = "|".join(re.escape(word).replace("'", "['’]") for word in sorted(_LISTED, key=len, reverse=True))
_JOIN = r"(?:\s*[:：/]\s*|\s+(?:by|von|door|par|de|di|av|af|via|of)\s+)"
_CREDIT = re.compile(
    rf"(?:(?:{_WORDS})(?:\s+(?:{_WORDS}))?{_JOIN}|(?:(?:{_WORDS})\s*)?(?:©|\(c\)|Ⓒ|copyright\b)\s*:?\s*)(?P<name>.+)",
    re.IGNORECASE,
)
_PAIRS = {")": "(", "]": "[", "）": "（", "】": "【"}


def caption_and_credit(text: str) -> tuple[str, str]:
    """A caption without the credit in brackets that it ends with, and the name in that credit.

    Brackets that hold anything else are the caption's own.
    """
    caption = clean_line(text)
    end = caption.rstrip(".。 ")
    start = _opening_of(end)
    if start is None:
        return caption, ""
    found = _CREDIT.fullmatch(end[start + 1 : -1].strip())
    if found is None:
        return caption, ""
    name = found["name"].strip(" .:")
    return (caption[:start].rstrip(), name) if name else (caption, "")


def _opening_of(text: str) -> int | None:
    """Where the bracket opens that closes at the end of a text."""
    opens, closes = _PAIRS.get(text[-1:], ""), text[-1:]
    depth = 0
    for place in range(len(text) - 1, -1, -1) if opens else ():
        depth += (text[place] == closes) - (text[place] == opens)
        if depth == 0:
            return place
    return None
