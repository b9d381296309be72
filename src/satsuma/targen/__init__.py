"""TarGEN (Gupta et al., COLM 2024, arXiv 2310.17876).

Contexts → instance seeds → label-constrained instances → self-correction: one file per step, and `candidates.py`, which
joins them into candidates for the ordered stream.
"""
