"""Sources that newsroom.toml does not name any more, and whose articles are public still."""

from __future__ import annotations

from collections.abc import Mapping

from commands.context import Context
from content.feed_rules import RuleBook
from content.left import left, withdraw_left
from newsroom import log
from newsroom.database import reading
from newsroom.errors import ConfigurationError
from newsroom.locks import held


def left_of(room: Context) -> Mapping[str, int]:
    """How many live articles each such source has, by its key."""
    with reading(room.engine) as connection:
        return left(connection, {source.key for source in room.settings.sources})


def left_lines(room: Context) -> list[str]:
    """A line for each of them."""
    return [left_line(key, count) for key, count in left_of(room).items()]


def left_line(key: str, count: int) -> str:
    """What is left of such a source, and what to do about it. Pure."""
    articles = "1 article of it is" if count == 1 else f"{count:,} articles of it are"
    return (
        f"{key}: newsroom.toml has no source of this name any more, and {articles} public still; withdraw "
        f"with `sync --source {key} --allow-withdrawals`, or give to another source with `adopt {key} NEW`"
    )


def withdraw_or_say(room: Context, key: str, *, allow_withdrawals: bool) -> bool:
    """Withdraw the articles of such a source; False where it is none, and nothing was done.

    Raises ConfigurationError where it was not said that they may be withdrawn.
    """
    count = left_of(room).get(key)
    if count is None:
        return False
    if not allow_withdrawals:
        raise ConfigurationError(left_line(key, count))
    with room.troubles.caught("sync", key), held(room.engine, "sync"):
        done = count
        if room.stores:
            book = RuleBook(room.settings.newsroom.rules)
            done = withdraw_left(room.engine, key, room.clock(), book)
        log.step("sync", source=key, withdrawn=done)
    return True
