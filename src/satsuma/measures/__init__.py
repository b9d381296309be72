"""Measurements of a dataset, one per file: each says its formula, where it comes from, and when it is not defined."""
