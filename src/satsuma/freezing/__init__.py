"""`satsuma freeze`: an audited sample of a run as a benchmark with a fixed hash, never to be trained on."""
