"""Taking a newsletter off a Ghost member who has stopped it with us."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from newsroom.ghost_key import token
from newsroom.settings import ReadersSettings
from readership.sources.ghost import admin_key
from readership.sources.ghost_newsletters import key_of, ours_by_id
from readership.sources.guarded import as_list, as_mapping, strange, text_of, web_for
from readership.write_back import Stop


class GhostStops:
    """Asks for the member, and puts back the newsletters that are left."""

    def __init__(self, settings: ReadersSettings) -> None:
        self._settings = settings
        self._key = admin_key(settings)
        self._web = web_for(settings)
        self._ours: Mapping[str, str] | None = None

    def tell(self, stop: Stop) -> bool:
        """False where Ghost's newsletters are not told apart by `names`, and others of ours go on."""
        names = self._settings.names
        if not names and not set(stop.newsletters) >= stop.link.newsletters:
            return False
        if self._ours is None:
            self._ours = ours_by_id(self._settings, self._web, self._headers())
        url = f"{self._settings.url}/ghost/api/admin/members/{quote(stop.link.source_id, safe='')}/"
        data, _ = self._web.json(f"{url}?include=newsletters", headers=self._headers())
        members = as_list(as_mapping(data).get("members"))
        theirs = as_mapping(members[0]).get("newsletters") if members else None
        if not isinstance(theirs, list):
            raise strange(url, "not a member with newsletters; its release may be too old to be told")
        kept = [one for one in map(as_mapping, theirs) if names and not self._is_stopped(one, stop)]
        if len(kept) < len(theirs):
            wish = {"members": [{"newsletters": [{"id": text_of(one.get("id"))} for one in kept]}]}
            headers = {**self._headers(), "content-type": "application/json"}
            self._web.send("PUT", url, json.dumps(wish).encode(), headers=headers)
        return True

    def close(self) -> None:
        """Hang up."""
        self._web.close()

    def _is_stopped(self, newsletter: Mapping[str, Any], stop: Stop) -> bool:
        ours = (self._ours or {}).get(text_of(newsletter.get("id"))) or key_of(
            newsletter, self._settings.names
        )
        return bool(ours) and self._settings.names[ours] in stop.newsletters

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Ghost {token(*self._key, time.time())}", "accept-version": "v5.0"}
