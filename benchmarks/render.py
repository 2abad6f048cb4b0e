"""How long a digest variant takes to render, against npm's mjml for the same edition in the same run."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from mjml import mjml2html  # noqa: E402 - after the path to the checkout

from newsletter.rendering.render import render, source  # noqa: E402
from newsletter.variant import Audience, Variant  # noqa: E402
from tests import samples  # noqa: E402
from tests.newsletter import editions  # noqa: E402

ROUNDS = 200


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """The best and the median of ROUNDS calls, in milliseconds."""
    work()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1_000)
    return min(taken), statistics.median(taken)


def npm(mjml: str) -> float | None:
    """The best time of npm's mjml for the same source, in milliseconds; None where it is not installed."""
    node = ROOT / "tests" / "node"
    if shutil.which("node") is None or not (node / "node_modules" / "mjml").is_dir():
        return None
    command = ["node", str(node / "mjml.mjs"), str(ROUNDS)]
    done = subprocess.run(command, input=json.dumps([mjml]), capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)[0]["best"])


def main() -> None:
    """Print the figures."""
    edition, room, letter = editions.selection(), samples.newsroom(), samples.newsletter()
    variant = Variant(Audience.FREE)
    mjml = source(edition, variant, room, letter)
    size = render(edition, variant, room, letter).html_bytes
    best, median = timed(lambda: render(edition, variant, room, letter))
    compiled, _ = timed(lambda: mjml2html(mjml, fonts={}))
    print(f"A digest of {len(edition.stories)} stories, {size / 1024:.0f} KB of HTML; best of {ROUNDS}:")
    print(f"  render (layout, MJML, HTML, plain text)   {best:6.2f} ms (median {median:.2f})")
    print(f"  mjml-python, the same MJML alone          {compiled:6.2f} ms")
    peer = npm(mjml)
    if peer is None:
        print("  npm mjml: not installed (cd tests/node && npm ci)")
    else:
        print(f"  npm mjml, the same MJML alone             {peer:6.2f} ms")
        print(f"  whole render against npm mjml's compile: {peer / best:.1f} x")
        print(f"  compile against compile:                 {peer / compiled:.1f} x")


if __name__ == "__main__":
    main()
