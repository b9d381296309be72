"""The run directory: card, settings, journal, dataset, what was dropped, and the account of all of it."""
