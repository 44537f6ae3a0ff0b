"""The benchmarks run, and their routes agree; no figure is judged here."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import agree, main
from benchmarks.machine import machine_text, seconds_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.5e-5, "25 µs"), (0.0123, "12.3 ms"), (61.0, "61.0 s"), (1616.2, "1,616 s"), (1e9, "32 years")],
)
def test_seconds_are_written_with_a_fitting_unit(seconds: float, text: str):
    assert seconds_text(seconds) == text


def test_a_busy_machine_is_said():
    here = {"cores": 2, "load_average": "0.1"}
    assert "upper bound" not in machine_text(here)
    assert "upper bound" in machine_text({**here, "load_average": "7.0"})


def test_routes_that_disagree_end_the_run():
    with pytest.raises(RuntimeError, match="all circuits: the two routes disagree"):
        agree("all circuits", False)


@pytest.mark.slow
def test_the_table_has_a_line_for_each_work(capsys: pytest.CaptureFixture[str]):
    assert main(["--quick"]) == 0
    printed = capsys.readouterr().out
    assert "`paper`: 3,000 circuits tested, 32 valid" in printed
    assert "4,346,385 circuits of a 2-4-4-1 counted: 72,005 valid" in printed
