"""What an image may hold: full rows and columns, where they are, how full the fullest is."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.algorithms.vocabulary import Vocabulary, Words
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.subjects.question import SubjectQuestion

_LARGEST = 8


def _has_bars(question: SubjectQuestion) -> bool:
    inputs = inputs_of(question)
    return inputs.name == "im" and max(inputs.values.shape[1:]) <= _LARGEST


def _bars(question: SubjectQuestion) -> list[Words]:
    height, width = inputs_of(question).values.shape[1:]
    lines = {
        "row": [[f"im[{y}][{x}]" for x in range(width)] for y in range(height)],
        "column": [[f"im[{y}][{x}]" for y in range(height)] for x in range(width)],
    }
    full, sums = list[str](), list[str]()
    for name, pixels in lines.items():
        n = len(pixels)
        full += [f"{name}{k} = min({', '.join(one)})" for k, one in enumerate(pixels, start=1)]
        full.append(f"any_{name} = max({', '.join(f'{name}{k}' for k in range(1, n + 1))})")
        full.append(f"which_{name} = " + " else ".join([*(f"{k} if {name}{k + 1}" for k in range(n)), str(n)]))
        sums += [f"sum_{name}{k} = {' + '.join(one)}" for k, one in enumerate(pixels, start=1)]
        sums.append(f"fullest_{name} = max({', '.join(f'sum_{name}{k}' for k in range(1, n + 1))})")
    either = [f"none if any_row == any_column else any_{one}" for one in lines]
    fuller = [f"none if fullest_row == fullest_column else fullest_row {sign} fullest_column" for sign in "<>"]
    return [
        Words("; ".join(full), tuple(either), reads=1, together=("row", "column")),
        Words("; ".join(sums), tuple(fuller), reads=1, together=("sum_row", "sum_column")),
    ]


BARS: Final = Vocabulary("bars", "Full rows and columns", _has_bars, _bars)
