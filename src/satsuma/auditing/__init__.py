"""`satsuma audit`: people judge a random sample of a run's labels, and what they say is measured and applied."""
