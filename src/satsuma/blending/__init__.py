"""`satsuma blend`: several runs, or labelled files, as one dataset of one card (docs/blend.md).

The union of transformed and generated data is the best system of DataTune's paper (Gandhi et al. 2024, section 5).
"""
