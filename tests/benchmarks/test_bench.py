"""The benchmarks run, and their routes agree; no figure is judged here."""

from __future__ import annotations

import pytest

from benchmarks import __main__ as bench
from benchmarks.__main__ import Line, agree, main


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


@pytest.mark.slow
def test_the_table_has_a_line_for_each_work(capsys: pytest.CaptureFixture[str]):
    assert main(["--quick"]) == 0
    printed = capsys.readouterr().out
    assert "`paper`: 3,000 circuits tested, 32 valid" in printed
    assert "4,346,385 circuits of a 2-4-4-1 counted: 72,005 valid" in printed
    for work in ("listed as arrays", "transformer", "--help", "private memory"):
        assert work in printed
