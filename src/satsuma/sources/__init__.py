"""Rows of datasets that exist: local files, folders, and repositories of the Hugging Face hub.

Whatever is in a dataset is data: its text is never a template, an instruction or code, a row that cannot be used is a
`BadRow` with its reason, and a dataset that needs code of its own is refused.
"""
