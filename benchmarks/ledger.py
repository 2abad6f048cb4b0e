"""The ledger with a million readers: planning them, and handing them to a provider that takes everything."""
