"""The table of a result as lines of a terminal and as LaTeX, and its figure for a paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from pluriscope.figures.numbers import decimal
from pluriscope_bench.key.summary import ranked
from pluriscope_bench.run import REFERENCE

Line = tuple[str, ...]
_REGRET: Final = partial(decimal, digits=3)
_HEADS: Final = ("", "method", "track", "regret", "less the best of ours", "valid", "valid raw", "answered")
_SPECIAL: Final = {
    **{one: f"\\{one}" for one in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": "$-$",
    "–": "--",
    "*": "$^{*}$",
    "[": "{[}",
    "]": "{]}",
}


def methods_table(document: Mapping[str, Any]) -> list[Line]:
    """Methods of a result, best first, with those that were given marked; then what cannot be better. Heads first."""
    table, share = list[Line]([_HEADS]), "{:.0%}".format
    methods = _in_order(document)
    n = max(sum(one["outcomes"].values()) for one in methods)
    for one in methods:
        regrets = (_mean(one["regret"], _REGRET), _mean(one["difference"], _REGRET))
        shares = (_mean(one[key], share, bounded=False) for key in ("valid", "valid_raw"))
        answered = f"{one['outcomes'].get('answered', 0)} of {n}"
        table.append((*_name(one), one["track"], *regrets, *shares, answered))
    return table


def arms_table(document: Mapping[str, Any]) -> list[Line]:
    """Mean regret of each method in each arm, in the same order; heads first."""
    methods = _in_order(document)
    arms = list(dict.fromkeys(arm for one in methods for arm in one["arms"]))
    none = {"regret": None}
    rows = [[_mean(one["arms"].get(arm, none)["regret"], _REGRET, bounded=False) for arm in arms] for one in methods]
    return [("", "regret by arm", *arms), *((*_name(one), *row) for one, row in zip(methods, rows, strict=True))]


def aligned(table: Sequence[Line]) -> Iterator[str]:
    """A table as lines whose columns stand below one another."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def latex(document: Mapping[str, Any]) -> Iterator[str]:
    """Both tables for LaTeX with the package booktabs, behind a comment on what they are about."""
    about = f"{document['suite_name']}, suite {document['suite']}, engine {document['engine']}, {document['condition']}"
    yield f"% {about}\n% result {document['digest']}; needs \\usepackage{{booktabs}}\n"
    for table, n_words in ((methods_table(document), 3), (arms_table(document), 2)):
        heads, *rows = [" & ".join(map(_escaped, row)) + " \\\\\n" for row in table]
        columns = "l" * n_words + "r" * (len(table[0]) - n_words)
        yield f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{heads}\\midrule\n"
        yield "".join(rows) + "\\bottomrule\n\\end{tabular}\n"


def figure(document: Mapping[str, Any], ending: str) -> bytes:
    """The regret of each method with its interval as a drawing: ".pdf" or ".svg".

    Raises:
        MissingLibrary: typst, which PDF needs, is not installed.
    """
    from pluriscope.figures.paper import pdf_of
    from pluriscope.figures.standalone import standalone_svg
    from pluriscope.figures.svg.charts import FILE_WIDTH, draw
    from pluriscope_bench.pages.charts import score_chart
    from pluriscope_bench.pages.methods import file_page

    drawing = str(draw(score_chart(file_page(document).results, "regret"), FILE_WIDTH))
    return pdf_of(drawing) if ending == ".pdf" else standalone_svg(drawing).encode()


def _in_order(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return sorted(ranked(document["methods"]), key=lambda one: bool(one["name"] == REFERENCE))


def _name(method: Mapping[str, Any]) -> Line:
    """Mark and name of a method."""
    return "*" if method["source"] else "", "(exact minimum)" if method["name"] == REFERENCE else str(method["name"])


def _mean(found: Mapping[str, Any] | None, of: Callable[[float], str], *, bounded: bool = True) -> str:
    if found is None or found["mean"] is None:
        return "–"
    return of(found["mean"]) + (f" [{of(found['low'])}, {of(found['high'])}]" if bounded else "")


def _escaped(text: str) -> str:
    return re.sub(".", lambda one: _SPECIAL.get(one[0], one[0]), text)
