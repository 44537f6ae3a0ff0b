"""The benchmarks run, and their routes agree; no figure is judged here."""

from __future__ import annotations

import re

import pytest

from benchmarks import __main__ as bench
from benchmarks.__main__ import agree, main
from benchmarks.machine import machine
from benchmarks.scale import DOCUMENT, Line, with_lines
from tests.of_plugins import whole


def test_routes_that_disagree_end_the_run_of_their_step():
    with pytest.raises(RuntimeError, match="all circuits: the two routes disagree"):
        agree("all circuits", False)


def test_a_line_that_fails_says_so_and_the_rest_goes_on(monkeypatch, capsys):
    def wrong(_quick):
        yield Line("before", 0.5, 2.0)
        agree("counts", False)

    monkeypatch.setattr(bench, "STEPS", (wrong, lambda _quick: iter([Line("after", 0.25)])))
    assert main(["--quick"]) == 1
    printed = capsys.readouterr().out
    assert printed.index("before") < printed.index("wrong: FAILED: RuntimeError: counts") < printed.index("after")
    assert "500 ms" in printed
    assert "4×" in printed


def test_the_document_has_a_ratio_where_there_is_one():
    text = "".join(f"{name}\n<!-- table: {name} -->\nold\n<!-- end -->\n" for name in ("machine", "beside", "alone"))
    lines = [
        Line("counted", 0.01, 4.0, 60.0),
        Line("trained", 0.5, 2.0, scaled=True),
        Line("loaded", 0.25),
        Line("memory", None, remark="88 MB"),
    ]
    made = with_lines(text, {"load_average": "0.1"}, lines)
    assert [line for line in made.splitlines() if line] == [
        *("machine", "<!-- table: machine -->", "| | |", "|---|---|", "| load average | 0.1 |", "<!-- end -->"),
        *("beside", "<!-- table: beside -->", "| work of the engine | plain | authors |", "|---|--:|--:|"),
        *("| counted | 400× | 6,000× |", "| trained | ~ 4× |  |", "<!-- end -->"),
        *("alone", "<!-- table: alone -->", "| | |", "|---|---|", "| loaded | 250 ms |", "| memory | 88 MB |"),
        "<!-- end -->",
    ]


def test_the_document_is_one_that_the_command_wrote():
    text = DOCUMENT.read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    assert [name for name, *_ in rows[1 : 1 + len(machine())]] == [name.replace("_", " ") for name in machine()]
    beside = [row for row in rows if len(row) == 3][1:]
    ratio = re.compile(r"(~ )?[\d,]+×|")
    assert all(any(ratios) and all(map(ratio.fullmatch, ratios)) for _, *ratios in beside)
    assert [authors for work, _, authors in beside if "interpretations" in work and authors]
    works = " ".join(work for work, *_ in rows)
    assert [one for one in WORKS if one not in works] == []


WORKS = ("listed as arrays", "circuits searched", "--help", "private memory", "on a dask cluster")


@pytest.mark.slow
@whole
def test_the_table_has_a_line_for_each_work(capsys: pytest.CaptureFixture[str]):
    assert main(["--quick"]) == 0
    printed = capsys.readouterr().out
    assert "`paper`: 3,000 circuits tested, 32 valid" in printed
    assert "4,346,385 circuits of a 2-4-4-1 counted: 72,005 valid" in printed
    for work in WORKS:
        assert work in printed
