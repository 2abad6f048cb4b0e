"""Python imports this by itself where this folder is in PYTHONPATH: the real command comes to grief by the
orders in its environment, and has small batches. Nothing of it is in the product."""

import json
import os

if orders := os.environ.get("STANDFIRST_TEST_ORDERS"):
    from newsletter.delivery import deliver
    from newsletter.providers.outbox import Outbox
    from newsletter.providers.sendgrid import SendGrid
    from tests.crash.child import Orders, arm, note_doubles
    from tests.newsletter.delivering import Clock

    given = Orders(**json.loads(orders))
    for provider in (Outbox, SendGrid):
        provider.batch_size = provider.first_batch = given.batch_size
    deliver._WRITING_AGAIN = (0.01, 0.02)
    note_doubles(__import__("pathlib").Path(given.folder))
    # Its own clock is what `--now` says.
    arm(given, Clock())
