"""The progress of a chain of stages, drawn on a terminal."""

import io
import sys

from analysis.progress import Progress
from app.cli import chain_bar
from app.cli.chain_bar import ChainBar


def on_a_terminal(monkeypatch) -> io.StringIO:
    """From now on stderr is a terminal; called in tests, as capturing sets stderr between a fixture and its test."""
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    return screen


def test_each_stage_has_its_line_and_the_whole_has_one(monkeypatch):
    terminal = on_a_terminal(monkeypatch)
    now = [0.0]
    monkeypatch.setattr(chain_bar.time, "perf_counter", lambda: now[0])
    stages = ("circuits", "alignments", "criteria on circuits")
    with ChainBar(stages).shown() as bar:
        report = bar.report()
        report(Progress("circuits", 0, 4))
        now[0] = 4.0
        report(Progress("circuits", 2, 4, "7 valid circuits"))
        now[0] = 11.0
        report(Progress("circuits", 3, 4, "8 valid circuits"))
        assert bar.spent == {"circuits": 11.0}
        report(Progress("circuits", 4, 4, "9 valid circuits"))
        report(Progress("alignments", 1, 4))
        bar.report("criteria on ")(Progress("circuits", 1, 2))
        report(Progress("of nobody's", 1, 2))
        assert tuple(bar.spent) == stages
    drawn = terminal.getvalue()
    for words in ("1/3 circuits", "2/3 alignments", "3/3 criteria on circuits", "all stages"):
        assert words in drawn


def test_quiet_says_nothing(monkeypatch):
    terminal = on_a_terminal(monkeypatch)
    with ChainBar(("circuits",), quiet=True).shown() as bar:
        bar.report()(Progress("circuits", 1, 1, "done"))
    assert terminal.getvalue() == ""
