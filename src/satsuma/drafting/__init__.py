"""`satsuma new`: a card from a sentence, from labelled rows, or from a dataset. The public function is in `api`."""
