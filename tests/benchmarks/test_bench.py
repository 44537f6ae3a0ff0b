"""The benchmarks run, and their routes agree; no figure is judged here."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import agree, main


def test_routes_that_disagree_end_the_run():
    with pytest.raises(RuntimeError, match="all circuits: the two routes disagree"):
        agree("all circuits", False)


@pytest.mark.slow
def test_the_table_has_a_line_for_each_work(capsys: pytest.CaptureFixture[str]):
    assert main(["--quick"]) == 0
    printed = capsys.readouterr().out
    assert "`paper`: 3,000 circuits tested, 32 valid" in printed
    assert "4,346,385 circuits of a 2-4-4-1 counted: 72,005 valid" in printed
