"""Curation: which candidates become instances. One filter or rule per file."""
