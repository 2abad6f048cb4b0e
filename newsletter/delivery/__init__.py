"""An edition planned, handed over batch by batch, and settled."""
