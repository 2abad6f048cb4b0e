"""A page for whoever is signed in: shown to nobody else, and acted on by a form of its own alone."""

from __future__ import annotations

from abc import ABC, abstractmethod

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web.forms import Form, form_of
from web.house import House
from web.session import SignedIn, is_own, signed_in


class SignedPage(ABC):
    """Answers `path`."""

    path: str

    def __init__(self, house: House) -> None:
        self.house = house

    async def __call__(self, request: Request) -> Response:
        """The page for GET, the deed for POST; whoever is not signed in goes to do that."""
        form = await form_of(request) if request.method == "POST" else None
        return await run_in_threadpool(self.answer, request, form)

    def answer(self, request: Request, form: Form | None) -> Response:
        """What is shown or done. Raises StoreError."""
        who = signed_in(self.house, request)
        if who is None:
            return _to_sign_in(self.path)
        if form is None:
            return self.page(who)
        if not is_own(self.house, who, form):
            return self.page(who, "account_once_more", status=403)
        return self.act(who, form)

    @abstractmethod
    def page(self, who: SignedIn, note: str = "", *, status: int = 200) -> Response:
        """The page; `note` is the key of what it says of what was done."""

    @abstractmethod
    def act(self, who: SignedIn, form: Form) -> Response:
        """What the form asks for, done. Raises StoreError."""


def _to_sign_in(path: str) -> Response:
    """The way to the sign-in page, and from there to `path`, one of ours."""
    return RedirectResponse(
        f"/sign-in?next={path}", 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )
