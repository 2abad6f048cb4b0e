"""One HTML file's fields and text as an article."""

from __future__ import annotations

from collections.abc import Callable

from content.article import Booking
from content.sources import Entry
from content.sources.article_pictures import Pictures
from content.sources.article_reader import ArticleReader
from content.sources.html_file import HtmlFile
from content.sources.markdown import Shown, illustrated
from content.sources.rules import Rules
from newsroom.masthead import Section, SectionKind

_PAID_FOR = (
    "it says that somebody paid for it and stands in a section of news, so it is left out; put it into a "
    "sponsored one"
)


class HtmlArticleReader(ArticleReader):
    """Reads what an HTML file came to. `place` is how its problems name it."""

    def __init__(self, entry: Entry, place: str, file: HtmlFile, rules: Rules, pictures: Pictures) -> None:
        super().__init__(entry, place, file.front, rules, pictures)
        self._file = file

    def _raw(
        self, text: str, published: Callable[[str], Shown | None], undescribed: Callable[[], None]
    ) -> str:
        return illustrated(text, published, undescribed)

    def _booking(self, sections: tuple[Section, ...]) -> Booking | None:
        is_news = any(section.kind is not SectionKind.SPONSORED for section in sections)
        if self._file.is_paid_for and is_news and not self._fields.has("sponsor"):
            self._fields.refuse(None, _PAID_FOR)
        return super()._booking(sections)
