"""DataTune (Gandhi et al., Findings of ACL 2024, arXiv 2404.14361): public datasets, transformed for a task."""
