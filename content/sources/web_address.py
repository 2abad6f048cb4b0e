"""Which addresses may be asked, which has moved down to `newsroom.web_address`."""

from newsroom.web_address import shown as shown
