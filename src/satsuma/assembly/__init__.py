"""From a task to its dataset in one command: search, transform, generate the rest, blend, and train a student."""
