"""Messages as RFC 5322 has them: headers, encodings, and the traces by which they come back."""
