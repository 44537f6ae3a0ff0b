"""The benchmark that tells stories by two programs."""

from __future__ import annotations

import pytest

from benchmarks import stories


@pytest.mark.slow
def test_both_programs_tell_the_same_stories(capsys: pytest.CaptureFixture[str]) -> None:
    assert stories.main(["--networks", "3"]) == 0
    printed = capsys.readouterr().out
    assert "the programs differ on 0 stories" in printed
    assert printed.count("\n| ") == 5


@pytest.mark.slow
def test_a_difference_is_counted_and_ends_in_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stories, "by_plain_program", lambda network: {**stories.by_engine(network), -1: "wrong"})
    assert stories.main(["--networks", "1"]) == 1
    assert "differ on 1 stories" in capsys.readouterr().out
