"""An edition's variant, laid out and set in type: HTML and plain text."""
