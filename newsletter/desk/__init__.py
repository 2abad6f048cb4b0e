"""What an edition's editors get before it goes, and what they change in it."""
