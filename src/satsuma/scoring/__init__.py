"""How right predictions are: the official measures of the cards' tasks, and whether two systems differ.

Plain functions over predictions and references, in the same order, without numpy or torch. Values are as the dataset
stores them: a label's name, a position from 0, texts, or tuples of these. One file per family; `official.metric_of`
says which one a card names. Shares are from 0 to 1; a share of nothing is 0, as in scikit-learn.
"""
