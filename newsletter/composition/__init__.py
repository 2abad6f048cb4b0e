"""What an edition is made from, and in which order: chosen, arranged, fitted, brought up to date."""
