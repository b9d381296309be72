"""Curation of a dataset that is there: leaks, duplicates, label noise, balance, splits. The way in: `curation.job`."""
