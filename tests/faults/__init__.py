"""What each provider can do wrong, and what becomes of an edition then: see `cases` and `bench`."""
