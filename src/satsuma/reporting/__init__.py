"""The report: measurements, charts and instances of a dataset as one page, as Markdown or as JSON."""
