"""What a page says of its article in microdata."""

from __future__ import annotations

from collections.abc import Iterable

from content.sources.pages_html import Node, Page, value_of
from content.sources.pages_json_ld import KINDS

_MOST = 50
_MOST_SCOPES = 200


class Microdata:
    """The properties of a page's article; those of the people and pictures in it are theirs."""

    def __init__(self, page: Page) -> None:
        scopes = page.css("[itemscope][itemtype]")[:_MOST_SCOPES]
        self._scope = next((one for one in scopes if _kind(one) in KINDS), None)

    @property
    def is_there(self) -> bool:
        """Whether the page has an article in microdata."""
        return self._scope is not None

    def values(self, names: Iterable[str]) -> list[str]:
        """The values of the first of these properties that has any; of a person it is the name."""
        if self._scope is None:
            return []
        for name in names:
            found: list[str] = []
            for node in self._scope.css(f'[itemprop~="{name}"]')[:_MOST]:
                is_thing = "itemscope" in node.attributes
                inner = node.css_first('[itemprop~="name"]') if is_thing else node
                if inner is not None and self._owns(node, self._scope):
                    found.append(value_of(inner))
            if any(found):
                return found
        return []

    def _owns(self, node: Node, scope: Node) -> bool:
        around = node.parent
        while around is not None and around.mem_id != scope.mem_id:
            if "itemscope" in around.attributes:
                return False
            around = around.parent
        return True


def _kind(node: Node) -> str:
    return (node.attributes.get("itemtype") or "").strip().rpartition("/")[2].lower()
