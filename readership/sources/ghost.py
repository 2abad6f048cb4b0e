"""Ghost's members, by its Admin API: tiers as plans, its newsletters, and which addresses it has given up."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from newsroom.errors import SourceError
from newsroom.ghost_key import parsed_key, token
from newsroom.secrets import readers_name
from newsroom.settings import ReadersSettings
from readership.sources import Listed
from readership.sources.ghost_newsletters import key_of, ours_by_id
from readership.sources.guarded import as_list, as_mapping, strange, text_of, web_for

PAGE = 100
"""Members that are asked for at once: newer releases give no more."""
MOST_PAGES = 100_000
_SUPPRESSED = {"spam": "complained", "fail": "bounced"}
_RUNNING = ("active", "trialing", "past_due", "unpaid")


class Ghost:
    """Everybody, by id."""

    is_unchanged = False

    def __init__(self, settings: ReadersSettings, zone: ZoneInfo) -> None:
        self._settings = settings
        self._web = web_for(settings)
        self._key = admin_key(settings)
        self._plans = {name.casefold(): name for name in settings.plans}
        self._ours: Mapping[str, str] = {}
        self._whole = False

    @property
    def is_whole(self) -> bool:
        """After the pages: as many came as it says that there are, also while it was read."""
        return self._whole

    def pages(self, notes: Mapping[str, Any]) -> Iterator[Sequence[Listed]]:
        """100 members at a time."""
        # Before anybody is looked at: a name that is none would end everybody's mail.
        self._ours = ours_by_id(self._settings, self._web, self._headers())
        page: int | None = 1
        totals: set[object] = set()
        ids: set[str] = set()
        number = 0
        while page is not None:
            url = self._address(page)
            data, _ = self._web.json(url, headers=self._headers())
            found = as_mapping(data).get("members")
            paging = as_mapping(as_mapping(as_mapping(data).get("meta")).get("pagination"))
            if not isinstance(found, list) or not isinstance(paging.get("total"), int):
                raise strange(url, "not a list of members; give `url` the address of Ghost itself")
            some = [self._listed(as_mapping(one), number + place) for place, one in enumerate(found, 1)]
            number += len(some)
            ids.update(one.id for one in some)
            totals.add(paging["total"])
            yield some
            following = paging.get("next")
            if following is not None and (following != page + 1 or page >= MOST_PAGES):
                raise strange(url, "its pages do not follow each other; the next run tries it again")
            page = following
        # Who leaves while it is read moves the others forward, over the edge of a page.
        self._whole = totals == {len(ids)}

    def notes(self) -> Mapping[str, Any]:
        """None."""
        return {}

    def close(self) -> None:
        """Hang up."""
        self._web.close()

    def _address(self, page: int) -> str:
        wish = {"limit": PAGE, "page": page, "order": "id asc", "include": "newsletters,tiers"}
        return f"{self._settings.url}/ghost/api/admin/members/?{urlencode(wish)}"

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Ghost {token(*self._key, time.time())}", "accept-version": "v5.0"}

    def _listed(self, member: Mapping[str, Any], number: int) -> Listed:
        cells = {
            "address": text_of(member.get("email")),
            "name": text_of(member.get("name")),
            "plan": self._plan(member),
            **_products(member),
            "plan_until": _until(member),
            "consent_at": text_of(member.get("created_at")),
            **self._subscribed(member),
        }
        return Listed(text_of(member.get("id")), cells, number)

    def _plan(self, member: Mapping[str, Any]) -> str:
        if member.get("status") not in ("paid", "comped"):
            return ""
        tiers = [as_mapping(one) for one in as_list(member.get("tiers"))]
        names = [text_of(one.get(name)).casefold() for one in tiers for name in ("name", "slug")]
        known = [self._plans[name] for name in names if name in self._plans]
        return "\n".join(known) or "paid"

    def _subscribed(self, member: Mapping[str, Any]) -> dict[str, str]:
        suppressed = as_mapping(member.get("email_suppression"))
        if suppressed.get("suppressed") is True:
            reason = text_of(as_mapping(suppressed.get("info")).get("reason"))
            return {"status": _SUPPRESSED.get(reason, "bounced")}
        if not isinstance(member.get("newsletters"), list):
            return {"status": "subscribed" if member.get("subscribed") is True else "unsubscribed"}
        theirs = [as_mapping(one) for one in as_list(member["newsletters"])]
        theirs = [one for one in theirs if one.get("status", "active") == "active"]
        names = self._settings.names
        if not names:
            return {"status": "subscribed" if theirs else "unsubscribed"}
        found = (self._ours.get(text_of(one.get("id"))) or key_of(one, names) for one in theirs)
        known = [name for name in found if name]
        # A line each: a name may hold a comma.
        listed = "".join(f"{name}\n" for name in known or names)
        return {"status": "subscribed" if known else "unsubscribed", "newsletters": listed}


def _products(member: Mapping[str, Any]) -> dict[str, str]:
    """The slugs of whoever pays' tiers: an article that is for one of them alone names it so."""
    tiers = as_list(member.get("tiers")) if member.get("status") in ("paid", "comped") else []
    slugs = sorted({text_of(as_mapping(one).get("slug")) for one in tiers} - {""})
    return {"products": ",".join(slugs)} if slugs else {}


def _until(member: Mapping[str, Any]) -> str:
    """The last day where it is known to end; empty where it goes on."""
    if member.get("status") == "comped":
        ends = [text_of(as_mapping(one).get("expiry_at")) for one in as_list(member.get("tiers"))]
        return max(ends) if ends and all(ends) else ""
    running = [
        one for one in map(as_mapping, as_list(member.get("subscriptions"))) if one.get("status") in _RUNNING
    ]
    ends = [text_of(one.get("current_period_end")) for one in running if one.get("cancel_at_period_end")]
    return max(ends) if running and len(ends) == len(running) else ""


def admin_key(settings: ReadersSettings) -> tuple[str, bytes]:
    """The id and the secret of an Admin API key. Raises SourceError where it is none."""
    key = parsed_key(settings.secret)
    if key is None:
        raise SourceError(
            f"readers {settings.key}: {readers_name(settings.key)} is no Admin API key, ID:HEX; copy it "
            "from a custom integration in Ghost's settings (not the Content API's, which has no members)"
        )
    return key
