"""`satsuma score` and `satsuma rate`: what a language model makes of a dataset that is there already."""
