"""A catalog of existing datasets, and the search in it. `satsuma.catalog.opening.open_catalog` is the way in."""
