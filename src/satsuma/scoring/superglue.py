"""SuperGLUE's average: over its eight tasks, the mean of each one's mean (Wang et al. 2019, section 3).

The diagnostics AX-b and AX-g are no part of it. Values may be shares or percentages, as long as all are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from satsuma.errors import DataError
from satsuma.scoring.pairs import mean

TASKS = ("boolq", "cb", "copa", "multirc", "record", "rte", "wic", "wsc")
"""The tasks that are averaged, by their cards' names."""


def superglue_average(results: Mapping[str, float | Sequence[float]]) -> float:
    """The average. results: task → its measure, or its measures (CB's accuracy and F1).

    Raises:
        DataError: a task lacks, or is none of SuperGLUE's eight.
    """
    if others := [name for name in results if name not in TASKS]:
        raise DataError(f"{others[0]} is none of the tasks that SuperGLUE averages", f"They are {', '.join(TASKS)}.")
    if missing := [name for name in TASKS if not (given := results.get(name)) and given != 0]:
        raise DataError(f"the average lacks {', '.join(missing)}", "Give all eight, or name the mean of fewer as that.")
    return mean([_of(results[name]) for name in TASKS])


def _of(measures: float | Sequence[float]) -> float:
    return mean(list(measures)) if isinstance(measures, Sequence) else float(measures)
