"""An article's fields as texts, lists and mappings that know their place; line 0 is in no file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """One value, as it was written."""

    value: str
    line: int
    column: int
    is_nothing: bool = False
    """An empty value, or `null`."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping: each key with its own place and its value."""

    fields: tuple[tuple[Text, Node], ...]
    line: int
    column: int

    def get(self, key: str) -> Node | None:
        """The value of `key`; None where there is none, or nothing in it."""
        node = next((value for name, value in self.fields if name.value == key), None)
        return None if isinstance(node, Text) and node.is_nothing else node


Node = Text | Items | Fields
