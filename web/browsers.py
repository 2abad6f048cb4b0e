"""Which kind of browser somebody uses, as a person would say it: enough to tell one's own from another's."""

from __future__ import annotations

_BROWSERS = (
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("samsungbrowser", "Samsung Internet"),
    ("vivaldi", "Vivaldi"),
    ("firefox", "Firefox"),
    ("fxios", "Firefox"),
    ("crios", "Chrome"),
    ("chromium", "Chromium"),
    ("chrome", "Chrome"),
    ("safari", "Safari"),
)
"""By what each calls itself; most also call themselves what stands further down."""

_MACHINES = (
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("android", "Android"),
    ("cros", "ChromeOS"),
    ("windows", "Windows"),
    ("mac os", "macOS"),
    ("linux", "Linux"),
)


def browser_of(agent: str) -> str:
    """`Firefox, Windows`, of a User-Agent header; what it does not tell is left out. Never anything else."""
    said = agent[:500].lower()
    found = (next((name for part, name in names if part in said), "") for names in (_BROWSERS, _MACHINES))
    return ", ".join(filter(None, found))
