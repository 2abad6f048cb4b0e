"""Programs known by what they call themselves."""

from __future__ import annotations

import pytest

from web import feed_agents
from web.feed_agents import OTHER, OTHER_SERVICE, Agent, agent_of


@pytest.mark.parametrize(
    ("said", "agent"),
    [
        (
            "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers; like FeedFetcher-Google)",
            Agent("Feedly", True, 16),
        ),
        (
            "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 1 subscribers; like FeedFetcher-Google)",
            Agent("Feedly", True, 1),
        ),
        (
            "Mozilla/5.0 (compatible; inoreader.com/1.0; +https://www.inoreader.com; 23 subscribers)",
            Agent("Inoreader", True, 23),
        ),
        (
            "NewsBlur Feed Fetcher - 3 subscribers - http://www.newsblur.com/site/1/x (Mozilla/5.0)",
            Agent("NewsBlur", True, 3),
        ),
        (
            "Mozilla/5.0 (compatible; theoldreader.com; 13 subscribers; feed-id=0123456789abcdef01234567)",
            Agent("The Old Reader", True, 13),
        ),
        ("Feedbin feed-id:1234567 - 2 subscribers", Agent("Feedbin", True, 2)),
        ("Mozilla/5.0 (compatible; BazQux/2.4; 1 subscribers)", Agent("BazQux", True, 1)),
        ("Somebody/2.0 (5 subscribers)", Agent(OTHER_SERVICE, True, 5)),
        ("NetNewsWire (RSS Reader; https://netnewswire.com/)", Agent("NetNewsWire")),
        ("newsboat/2.21.0 (Linux x86_64)", Agent("newsboat")),
        ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Thunderbird/115.0", Agent("Thunderbird")),
        ("", Agent(OTHER)),
        ("x" * 100_000 + " 9 subscribers", Agent(OTHER)),
        ("Feedly 99999999999999999 subscribers", Agent("Feedly", True, 0)),
        ("v1.2 subscribers", Agent(OTHER)),
    ],
)
def test_who_calls_itself_so(said: str, agent: Agent) -> None:
    assert agent_of(said) == agent


def test_long_names_fill_no_memory() -> None:
    feed_agents._agent.cache_clear()
    for number in range(5_000):
        agent_of(f"{'x' * 600} {number}")
    # They differ only where nobody looks.
    assert feed_agents._agent.cache_info().currsize == 1
