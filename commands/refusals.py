"""What can be done for those who were refused: in which words `status` says it, and with which command."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.engine import Connection

from commands.context import Context
from newsletter import editions
from newsletter.edition import EditionState
from newsletter.status import Problem
from newsroom.errors import ConfigurationError


def judged(connection: Connection, room: Context, problem: Problem) -> Problem:
    """The problem with no command that would come to nothing, and with why."""
    edition = editions.get(connection, problem.edition)
    try:
        newsletter = room.newsletter(edition.newsletter)
    except ConfigurationError:
        return _without(problem, "its newsletter is not set up any more")
    # They take a while to import, and most looks find nobody who was refused.
    from commands.posting import post_for
    from newsletter.delivery import resending

    if edition.state not in resending.OPEN_AGAIN:
        way = f"; `resume {edition.key}` comes first" if edition.state is EditionState.STOPPED else ""
        return _without(problem, f"it is {edition.state}, so nothing of it is handed over again{way}")
    post = post_for(room, newsletter)
    found = resending.prospect(connection, edition.key, post.revise, post.standing)
    withdrawn = "had a story in their letter that was withdrawn since"
    if not found.readers:
        anew = resending.prospect_anew(connection, edition.key, post.revise, post.standing)
        if not anew:
            return _without(problem, f"all of them {withdrawn}: they get the next edition")
        whom = "them" if anew == found.withheld else f"{anew:,} of them"
        reason = f"{problem.reason}; all of them {withdrawn}: the edition as it is now can go to {whom}"
        return replace(problem, reason=reason, commands=(f"resend {edition.key} --only refused --anew",))
    if found.withheld:
        return replace(problem, reason=f"{problem.reason}; {found.withheld:,} of them {withdrawn}")
    return problem


def _without(problem: Problem, why: str) -> Problem:
    return replace(problem, reason=f"{problem.reason}; {why}", commands=())
