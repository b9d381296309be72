"""Texts as vectors, with or without torch. `satsuma.embedding.opening.open_embedder` is the way in."""
