"""Everything between a question and a journaled answer. Knows nothing of tasks."""
