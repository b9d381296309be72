"""Any dataset as instances: texts, labels, fields and where they come from. The way in: `satsuma.reading.dataset`."""
