"""The guarded client, which has moved down to `newsroom.web`."""

from newsroom.web import Answer as Answer
from newsroom.web import Web as Web
from newsroom.web import WebError as WebError
