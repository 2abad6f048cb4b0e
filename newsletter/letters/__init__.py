"""Letters to one person, about something that he or she asked for."""
