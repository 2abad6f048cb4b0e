"""What a form sends: read within bounds, whatever it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

LONGEST_BODY = 65_536
"""Bytes of a POST that are read; what a form of ours sends has some thousand, with a hundred sections."""
MOST_FIELDS = 1_000


@dataclass(frozen=True, slots=True)
class Form:
    """A form's fields, in order; none of anything that is not a form, or too large."""

    pairs: tuple[tuple[str, str], ...] = ()
    single: Mapping[str, str] = field(default_factory=dict)
    """By name, the last value of each."""
    is_cut: bool = False
    """Whether more was sent than is read: the field that it ended in, and what came later, is not in it."""

    def get(self, name: str) -> str:
        """The field's value on one line, without spaces around it; empty where there is none."""
        return " ".join(self.single.get(name, "").split())

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the field: of boxes, those that are ticked."""
        return tuple(value for key, value in self.pairs if key == name)


_TRAILING = "/.,;:!?)]}>\"'"


def token_of(request: Request) -> str:
    """The token in the request's path. What a mail program takes into a link that ends a sentence is no
    letter of any token."""
    found: str = request.path_params["token"]
    return found.rstrip(_TRAILING)


async def form_of(request: Request, longest: int = LONGEST_BODY) -> Form:
    """What was sent, in at most `longest` bytes. What a sender puts into the body never stops the deed: it is
    no error."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > longest:
            return Form()
    return await _read(request, bytes(body), longest)


async def start_of_form(request: Request, longest: int) -> Form:
    """What was sent; of more than `longest` bytes the fields that are whole within them. A button that stands
    before what was typed is done whatever that is."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > longest:
            break
    return await _read(request, bytes(body[:longest]), longest, is_cut=len(body) > longest)


async def _read(request: Request, body: bytes, longest: int, *, is_cut: bool = False) -> Form:
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        # A part without its end is none.
        return _form(await _multipart(request, body, longest), is_cut=is_cut)
    whole = body.rpartition(b"&")[0] if is_cut else body
    try:
        pairs = parse_qsl(
            whole.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        return Form()
    return _form(pairs, is_cut=is_cut)


def _form(pairs: list[tuple[str, str]], *, is_cut: bool) -> Form:
    # No form of ours has a control character but a line's end; a null byte would stop PostgreSQL.
    sound = [(name, value.replace("\0", "")) for name, value in pairs]
    return Form(tuple(sound), dict(sound), is_cut)


async def _multipart(request: Request, body: bytes, longest: int) -> list[tuple[str, str]]:
    async def stream() -> AsyncIterator[bytes]:
        yield body

    parser = MultiPartParser(
        request.headers,
        stream(),  # type: ignore[arg-type]  # An async iterator is all that it uses.
        max_files=1,
        max_fields=MOST_FIELDS,
        max_part_size=longest,
    )
    try:
        form = await parser.parse()
    except (MultiPartException, LookupError, ValueError):
        return []
    said = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    await form.close()  # A file that nobody asked for.
    return said
