"""What comes back of what was handed over: a provider's events, returned mail, and what follows from them."""
