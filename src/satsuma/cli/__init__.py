"""The command line: one thin file per command, which parses, calls the public functions and shows what comes of it."""
