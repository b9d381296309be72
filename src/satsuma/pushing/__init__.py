"""A dataset, published on the Hugging Face hub. The way in: `satsuma.pushing.hub`."""
