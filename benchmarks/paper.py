"""The paper of the findings: its text is docs/paper/paper.typ, its numbers and figures are those of the tables.

    python -m benchmarks.paper paper.pdf

The text names cells of tables, lines of findings and charts; no number of a table is written in it. Nothing is fetched:
typst is a package, and so are its fonts.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import typst
from markupsafe import Markup

from benchmarks.finding_documents import samples
from benchmarks.lines import ROOT
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.figures.standalone import FONT, FONT_FAMILY, standalone_svg
from pluriscope.figures.svg.charts import FILE_WIDTH, draw
from pluriscope.views.networks import draw_network
from pluriscope_bench.key.condition import PRIMARY
from pluriscope_bench.key.truths import truths_of
from pluriscope_bench.pages.charts import score_chart
from pluriscope_bench.pages.results import Results, label_of
from pluriscope_bench.printed import arms_table, methods_table
from pluriscope_bench.suite_files import Suite, bundled, read_suite
from pluriscope_studies.pages.findings import charts, record

DISJOINT: Final = "xor-4-sigmoid-4"
"""The network of the suite whose two circuits are drawn."""
SOURCE: Final = ROOT / "docs" / "paper" / "paper.typ"
Lines = list[list[str]]
_TABLE: Final = re.compile(r"(?:^\|.*\|\n?)+", re.MULTILINE)


def tables_in(text: str) -> list[Lines]:
    """Cells of each table of Markdown in a text, heads first."""
    found = ([line.strip("|").split("|") for line in one.strip().splitlines()] for one in _TABLE.findall(text))
    return [[[cell.strip() for cell in line] for line in (lines[0], *lines[2:])] for lines in found]


def contents() -> dict[str, Any]:
    """Whatever the text may name: tables, sentences and lines of findings and chapters, and figures as SVG."""
    findings, chapters = record()["findings"], record()["chapters"]
    tables = {one["key"]: tables_in(one["text"]) for one in chapters}
    for one, text in ((one, one["chapter"]) for one in findings if "chapter" in one):
        tables[one["key"]] = [[text["head"], *text["rows"]], *tables_in(text["method"])]
    suite = read_suite(bundled("public"))
    methods = [{"source": None, "difference": None, **one} for one in suite.summary[PRIMARY.key]]
    named = {"methods": [one | {"name": label_of(one["name"])} for one in methods]}
    tables["samples"] = [[[*line] for line in samples()]]
    tables["bench"] = [[*map(list, made(named))] for made in (methods_table, arms_table)]
    found = {f"{key}/{name}": shown.chart for key, some in charts().items() for name, shown in some.items()}
    found["bench"] = score_chart(Results(digest=suite.digest, condition=PRIMARY, methods=methods), "regret")
    circuits, of_pair = _two_circuits()
    return {
        "tables": tables,
        "findings": {one["key"]: one for one in findings},
        "figures": {name: _drawing(draw(chart, FILE_WIDTH)) for name, chart in found.items()} | circuits,
        "facts": {"engine": ENGINE_VERSION, **_facts(suite), **of_pair},
    }


def _drawing(drawn: Markup) -> str:
    return standalone_svg(str(drawn), font=FONT_FAMILY, ground=False)


@cache
def _two_circuits() -> tuple[dict[str, str], dict[str, str]]:
    """Drawings of two valid circuits of a network that share least, of these the smallest, and facts about them."""
    question = next(one.question for one in read_suite(bundled("public")).networks if one.name == DISJOINT)
    (truth,) = truths_of(question, [PRIMARY])
    assert truth is not None
    assert truth.minimal is not None  # every circuit of this network is known

    def order(pair: tuple[int, int]) -> tuple[int, int]:
        return (pair[0] & pair[1]).bit_count(), pair[0].bit_count() + pair[1].bit_count()

    pair = min(combinations(map(int, truth.minimal), 2), key=order)
    drawn = [_drawing(draw_network(question, mask, title=f"Circuit {mask:x}")) for mask in pair]
    sizes = " and ".join(sorted({str(mask.bit_count()) for mask in pair}))
    shared = order(pair)[0]
    facts = {"valid": f"{truth.n_valid:,}", "sizes": sizes, "shared": str(shared) if shared else "none"}
    return {f"circuit-{at}": one for at, one in enumerate(drawn)}, facts


def _facts(suite: Suite) -> dict[str, str]:
    """Facts of the suite: its digest, entries, different networks and arms, and edges."""
    edges = [one.n_edges for one in suite.networks]
    return {
        "digest": suite.digest[:12],
        "entries": f"{len(suite.networks):,}",
        "networks": f"{len({one.digest for one in suite.networks}):,}",
        "arms": str(len(Counter(one.arm for one in suite.networks))),
        "edges": f"{min(edges)} to {max(edges)}",
    }


def compiled(source: Path = SOURCE) -> bytes:
    """The paper as PDF.

    Raises:
        typst.TypstError: the text names a cell, a figure or a source that there is not.
    """
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[FONT.parent])
    found: Any = typst.compile(str(source), font_paths=fonts, sys_inputs={"data": json.dumps(contents())})
    return bytes(found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="paper", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("output", type=Path, help="PDF to write")
    parser.parse_args().output.write_bytes(compiled())
