"""Some readers with all that is known of them: fetched together, changed in memory, stored together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from readership import links, store
from readership.reader import Reader, Subscription, SuppressionReason
from readership.suppression import suppress
from readership.sync_change import Decision, Link, Person
from readership.tables import readers


@dataclass(slots=True)
class People:
    """By number; a new one's is below 0 until it is stored."""

    before: dict[int, Person] = field(default_factory=dict)
    now: dict[int, Person] = field(default_factory=dict)
    at: dict[str, int] = field(default_factory=dict)
    """The number by recipient key."""
    linked: dict[str, int] = field(default_factory=dict)
    """The number by the link's key."""
    suppressed: dict[str, SuppressionReason] = field(default_factory=dict)
    """By recipient key and by the link's."""
    new_suppressions: dict[str, SuppressionReason] = field(default_factory=dict)

    def of_link(self, key: str) -> tuple[Link | None, Person | None]:
        """The link and whose it is."""
        number = self.linked.get(key)
        if number is None:
            return None, None
        person = self.now[number]
        return person.links[key], person

    def with_address(self, key: str) -> Person | None:
        """Who has the address of this recipient key."""
        number = self.at.get(key)
        return None if number is None else self.now[number]

    def take(self, decision: Decision) -> None:
        """Let it be so, in memory."""
        for person in decision.people:
            self.put(person)
        for key, reason in decision.suppress.items():
            if self.suppressed.setdefault(key, reason) is reason:
                self.new_suppressions[key] = reason

    def put(self, person: Person) -> None:
        """Know this reader as they are here."""
        number = person.reader.id or -1 - len(self.now)
        if not person.reader.id:
            person = replace(
                person,
                reader=replace(person.reader, id=number),
                links={key: replace(one, reader_id=number) for key, one in person.links.items()},
            )
        former = self.now.get(number)
        if former is not None and former.reader.key != person.reader.key:
            self.at.pop(former.reader.key, None)
        self.at[person.reader.key] = number
        self.now[number] = person
        for key in person.links:
            self.linked[key] = number

    def save(self, connection: Connection, now: datetime, origin: str) -> None:
        """Store what has changed since it was fetched."""
        changed = {number: one for number, one in self.now.items() if one is not self.before.get(number)}
        self._save_readers(connection, changed, now)
        fresh = [one.reader.key for number, one in changed.items() if number < 0]
        numbers = {number: number for number in changed if number > 0}
        stored = store.by_keys(connection, fresh)
        numbers |= {number: stored[one.reader.key].id for number, one in changed.items() if number < 0}
        store.save_subscriptions(connection, self._subscriptions(changed, numbers), now)
        links.save(connection, self._links(changed, numbers), now)
        suppress(connection, self.new_suppressions, now, origin)

    def _save_readers(self, connection: Connection, changed: Mapping[int, Person], now: datetime) -> None:
        known = [
            one.reader
            for number, one in changed.items()
            if number > 0 and one.reader != self.before[number].reader
        ]
        moved = [one.id for one in known if one.key != self.before[one.id].reader.key]
        if moved:
            # One may get the address that another one leaves: no two have one meanwhile.
            connection.execute(
                sa.update(readers)
                .where(readers.c.id == sa.bindparam("number"))
                .values(key=sa.bindparam("none")),
                [{"number": number, "none": f"~{number}"} for number in moved],
            )
        store.save_readers(connection, known, now)
        new = [replace(one.reader, id=0) for number, one in changed.items() if number < 0]
        store.save_readers(connection, new, now)

    def _subscriptions(
        self, changed: Mapping[int, Person], numbers: Mapping[int, int]
    ) -> Iterable[tuple[int, Subscription]]:
        for number, person in changed.items():
            former = self.before[number].subscriptions if number in self.before else {}
            for newsletter, one in person.subscriptions.items():
                if one != former.get(newsletter):
                    yield numbers[number], one

    def _links(self, changed: Mapping[int, Person], numbers: Mapping[int, int]) -> Iterable[Link]:
        for number, person in changed.items():
            former = self.before[number].links if number in self.before else {}
            for key, one in person.links.items():
                if one != former.get(key):
                    yield replace(one, reader_id=numbers[number])


def fetched(
    connection: Connection, keys: Sequence[str], link_keys: Sequence[str], numbers: Sequence[int] = ()
) -> People:
    """The readers with these recipient keys, links and numbers."""
    found: dict[int, Reader] = {one.id: one for one in store.by_keys(connection, keys).values()}
    wanted = {one.reader_id for one in links.by_keys(connection, link_keys).values()} | set(numbers)
    missing = sorted(wanted - found.keys())
    found |= {one.id: one for one in store.by_numbers(connection, missing)}
    of_readers = links.of_readers(connection, list(found))
    subscriptions = store.subscriptions_of(connection, list(found))
    every = dict.fromkeys((*keys, *link_keys, *(one.key for one in found.values())))
    people = People(suppressed=store.suppressed(connection, list(every)))
    for number, reader in found.items():
        people.put(
            Person(
                reader,
                subscriptions.get(number, {}),
                people.suppressed.get(reader.key),
                of_readers.get(number, {}),
            )
        )
    people.before = dict(people.now)
    return people
