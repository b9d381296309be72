"""Files elsewhere: what a URL is, how it is told, and how what it names comes here and goes there."""
