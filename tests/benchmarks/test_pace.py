"""The pace of the processor: what counts as full, what a slower one takes off, and what a command is told."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.pace import at_full_pace, fixed_work, share_of_full_pace
from tests.checkout import ROOT


def test_full_pace_is_little_more_than_the_least():
    assert at_full_pace([4.0, 4.5, 4.7, 8.0]) == [True, True, False, False]
    assert at_full_pace([]) == []


def test_a_half_of_the_time_at_half_the_pace_takes_a_quarter_off():
    assert share_of_full_pace([4.0, 8.0]) == pytest.approx(0.75)
    assert share_of_full_pace([4.0]) == 1.0


def test_the_fixed_work_takes_time_of_the_processor():
    assert fixed_work() > 0


@pytest.mark.slow
def test_a_command_keeps_its_exit_status_and_its_seconds_are_told():
    code = "import sys; sum(range(3_000_000)); sys.exit(3)"
    command = [sys.executable, "-m", "benchmarks.pace", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 3
    assert " s by the clock, " in done.stdout
    assert "the command would take about" in done.stdout
