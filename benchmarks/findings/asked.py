"""Numbers in the words of chapters, each asked of the rows where it stands.

``{share learned-or-drawn one-algorithm hidden=3-3 prior=normal~1}`` is the share of these networks that have one
algorithm, with its interval: how it is summed up, the study, the measure, levels with ``~`` for a blank. A measure may
be compared with a value, ``alice-or-bob==both`` or ``paper-alignments>0``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from analysis.studies.statistics import share_of
from benchmarks.findings import rounding
from benchmarks.findings.rows import models_of, rows_of
from benchmarks.findings.words import amount, percent, quartiles

Values = Sequence[Any]


def share(values: Values) -> str:
    """With Wilson's interval at 95%."""
    found = share_of(sum(values), len(values))
    return f"{percent(found.value or 0)} ({100 * (found.low or 0):.0f}–{100 * (found.high or 0):.0f})"


SUMMED: Final[Mapping[str, Callable[[Values], str]]] = {
    "share": share,
    "hits": lambda values: f"{sum(values):,} of {len(values):,}",
    "count": lambda values: f"{sum(values):,}",
    "percent": lambda values: percent(float(np.mean(values))),
    "median": lambda values: amount(float(np.median(values))),
    "tenths": lambda values: f"{100 * float(np.mean(values)):.1f}%",
    "fine": lambda values: f"{float(np.median(values)):.4f}".lstrip("0"),
    "quartiles": quartiles,
    "largest": lambda values: amount(max(values)),
}
"""How values of networks are summed up."""
_ASKED: Final = re.compile(rf"\{{({'|'.join(SUMMED)}) ([^{{}}]+)\}}")


def answered(text: str) -> str:
    """The text with its numbers.

    Raises:
        Unusable: rows that it asks of cannot be used.
    """
    return _ASKED.sub(lambda found: SUMMED[found[1]](_values(*found[2].split())), text)


def _values(slug: str, measure: str, *levels: str) -> Values:
    name, compared, wanted = next(
        (found for by in ("==", ">") if (found := measure.partition(by))[1]), (measure, "", "")
    )
    given = (level.replace("~", " ").partition("=")[::2] for level in levels)
    rows = models_of(slug) if slug == rounding.NAME else rows_of(slug)
    values = list(rows.values(name, **dict(given)).values())
    if compared == "==":
        return [str(value) == wanted.replace("~", " ") for value in values]
    return [value > float(wanted) for value in values] if compared else values
