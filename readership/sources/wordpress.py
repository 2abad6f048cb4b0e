"""WordPress's users, with roles as plans, or WooCommerce's subscriptions, as far as REST shows them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from newsroom.errors import SourceError
from newsroom.settings import ReadersSettings
from newsroom.web import Answer, WebError
from newsroom.web_address import shown
from readership.sources import Listed
from readership.sources.guarded import as_list, as_mapping, strange, text_of, web_for

PAGE = 100
"""Rows that are asked for at once: WordPress gives no more."""
MOST_PAGES = 100_000
_USERS = {
    "context": "edit",
    "_fields": "id,email,first_name,last_name,locale,roles,registered_date",
    "orderby": "id",
    "order": "asc",
}
_SUBSCRIPTIONS = {"orderby": "id", "order": "asc", "status": "any"}
_REFUSALS = (400, 401, 403, 404)
_RUNNING = ("active", "pending-cancel")


class WordPress:
    """Everybody, by id. It is asked with an application password; a wrong one is an error."""

    is_unchanged = False

    def __init__(self, settings: ReadersSettings, zone: ZoneInfo) -> None:
        self._settings = settings
        self._web = web_for(settings)
        self._plans = {name.casefold() for name in settings.plans}
        self._whole = False
        self._roots = [f"{settings.url}/wp-json", f"{settings.url}/?rest_route="]
        if settings.url.endswith("/wp-json") or "rest_route=" in settings.url:
            self._roots = [settings.url]
        key = b64encode(f"{settings.user}:{settings.secret}".encode()).decode()
        self._headers = {"authorization": f"Basic {key}"}

    @property
    def is_whole(self) -> bool:
        """After the pages: as many rows came as it says that there are, also while it was read."""
        return self._whole

    def pages(self, notes: Mapping[str, Any]) -> Iterator[Sequence[Listed]]:
        """100 rows at a time; users of none of the roles in `plans` are not readers."""
        page, pages, number = 1, 1, 0
        totals: set[int] = set()
        ids: set[str] = set()
        is_users = self._settings.of == "users"
        while page <= pages:
            rows, answer = self._page(page)
            total, pages = self._count(answer, "x-wp-total"), self._count(answer, "x-wp-totalpages")
            if pages > MOST_PAGES:
                raise strange(answer.url, "more pages than can be; ask who runs it")
            ids.update(text_of(one.get("id")) for one in rows)
            totals.add(total)
            listed = [
                self._user(one, number + place) if is_users else self._subscription(one, number + place)
                for place, one in enumerate(rows, 1)
            ]
            number += len(rows)
            yield [one for one in listed if one is not None]
            page += 1
        # Who leaves while it is read moves the others forward, over the edge of a page.
        self._whole = totals == {len(ids)}

    def notes(self) -> Mapping[str, Any]:
        """None."""
        return {}

    def close(self) -> None:
        """Hang up."""
        self._web.close()

    def _page(self, page: int) -> tuple[list[Mapping[str, Any]], Answer]:
        is_users = self._settings.of == "users"
        route, wish = ("/wp/v2/users", _USERS) if is_users else ("/wc/v3/subscriptions", _SUBSCRIPTIONS)
        query = urlencode({**wish, "per_page": PAGE, "page": page}, safe=",")
        while True:
            root = self._roots[0]
            url = f"{root}{route}{'&' if 'rest_route=' in root else '?'}{query}"
            data, answer = self._asked(url)
            if answer.status == 200:
                break
            code = text_of(as_mapping(data).get("code"))
            # Where addresses are plain, the first form is none; an API that answers says why itself.
            if answer.status != 404 or code or len(self._roots) == 1:
                raise WebError(f"{shown(url)}: {self._complaint(answer.status, code)}", answer.status)
            self._roots.pop(0)
        if not isinstance(data, list):
            raise strange(url, "not a list; give `url` the site's address")
        return [as_mapping(one) for one in data], answer

    def _asked(self, url: str) -> tuple[Any, Answer]:
        return self._web.json(url, headers=self._headers, accepted=_REFUSALS)

    def _complaint(self, status: int, code: str) -> str:
        said = f"({status}, {code[:60]})" if code.replace("_", "").isalnum() else f"({status})"
        if code == "rest_no_route" and self._settings.of == "subscriptions":
            return f"it shows no subscriptions {said}; WooCommerce Subscriptions has to be switched on"
        if status == 404:
            return f"no REST API here {said}; check `url`, or ask whether a plugin has switched it off"
        if status in (400, 401):
            return (
                f"the user or its application password is not taken {said}; make a new one in the user's "
                "profile, and see that the web server hands the Authorization header on to PHP"
            )
        return f"the user may not list readers {said}; an administrator or shop manager may"

    def _count(self, answer: Answer, name: str) -> int:
        text = answer.headers.get(name, "")
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise SourceError(
                f"{shown(answer.url)}: it does not say how many there are; does a proxy drop {name}?"
            )
        return int(text)

    def _user(self, user: Mapping[str, Any], number: int) -> Listed | None:
        roles = [text_of(one) for one in as_list(user.get("roles"))]
        ours = [role for role in roles if role.casefold() in self._plans]
        if not ours:
            return None
        cells = {
            "address": text_of(user.get("email")),
            "first_name": text_of(user.get("first_name")),
            "last_name": text_of(user.get("last_name")),
            "language": text_of(user.get("locale")),
            "plan": "\n".join(ours),
            "consent_at": text_of(user.get("registered_date")),
        }
        return Listed(text_of(user.get("id")), cells, number)

    def _subscription(self, one: Mapping[str, Any], number: int) -> Listed:
        billing, status = as_mapping(one.get("billing")), text_of(one.get("status"))
        end = text_of(one.get("end_date_gmt"))
        created = text_of(one.get("date_created_gmt"))
        cells = {
            "address": text_of(billing.get("email")),
            "first_name": text_of(billing.get("first_name")),
            "last_name": text_of(billing.get("last_name")),
            "plan": self._plan(one, status),
            # What is cancelled runs until its end; any other one is renewed.
            "plan_until": f"{end}+00:00" if end and status == "pending-cancel" else "",
            "consent_at": f"{created}+00:00" if created else "",
        }
        return Listed(text_of(one.get("id")), cells, number)

    def _plan(self, one: Mapping[str, Any], status: str) -> str:
        if status not in _RUNNING:
            # A status of the shop's own may be given a plan as well.
            return status if status.casefold() in self._plans else ""
        items = [text_of(as_mapping(item).get("name")) for item in as_list(one.get("line_items"))]
        known = [name for name in items if name.casefold() in self._plans]
        if known:
            return "\n".join(known)
        return status if status.casefold() in self._plans else "paid"
