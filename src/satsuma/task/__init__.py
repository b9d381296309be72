"""The task: cards, templates, outputs and instances. Knows nothing of models."""
