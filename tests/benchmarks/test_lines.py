"""The benchmarks run, their routes agree, and the table says what was measured; no figure is judged here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.circuits.search import search_circuits
from analysis.circuits.space import Structure
from analysis.interpretations.counting import count_interpretations
from analysis.limits import DEFAULT_LIMITS
from analysis.protocol import COMPLETE
from analysis.question import ask
from benchmarks import plain_reference as plain
from benchmarks.__main__ import main
from benchmarks.isolated import measure_alone
from benchmarks.lines import compare_interpretations, subject
from benchmarks.machine import bytes_text, machine_text, seconds_text
from benchmarks.table import Line, same_result, table
from benchmarks.wide_lines import attempted_line, plain_outputs, plain_sample

MACHINE = {"processor": "a <fast> one", "cores": 2, "load_average": "0.1"}


def test_a_ratio_and_a_target_are_those_of_the_figures():
    line = Line("work", 10.0, 2.0, "stopped", "why", target_seconds=2.0, peak_bytes=5, target_bytes=4)
    assert line.ratio == 5.0
    assert line.met is False
    assert replace(line, peak_bytes=4).met is True
    assert replace(line, engine_seconds=2.1, peak_bytes=4).met is False
    assert replace(line, peak_bytes=None).met is False
    assert replace(line, target_seconds=None).met is None
    assert line.as_json()["ratio"] == 5.0


def test_a_line_without_a_reference_has_no_ratio():
    line = Line("work", None, 2.0, note="nothing to compare")
    assert line.ratio is None
    assert "nothing to compare" in table([line])


def test_the_table_marks_what_was_stopped_what_was_scaled_and_what_was_missed():
    text = table(
        [
            Line("one", 10.0, 2.0, "stopped", target_seconds=1.0),
            Line("two", 10.0, 2.0, "scaled", target_seconds=3.0),
            Line("three", 10.0, 2.0),
        ]
    ).splitlines()
    one, two, three = text[2:5]
    assert "> 10.0 s" in one
    assert "> 5.0×" in one
    assert one.endswith("NOT met")
    assert "~ 10.0 s" in two
    assert two.endswith("  met")
    assert three.endswith(" 5.0×")


def test_routes_that_disagree_end_the_run():
    with pytest.raises(RuntimeError, match="all circuits: the two routes disagree"):
        same_result("all circuits", False)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.5e-5, "25 µs"),
        (0.0123, "12.3 ms"),
        (61.0, "61.0 s"),
        (1616.2, "1,616 s"),
        (7_300.0, "2 h"),
        (9e5, "10 days"),
        (1e9, "32 years"),
    ],
)
def test_seconds_are_written_with_a_fitting_unit(seconds: float, text: str):
    assert seconds_text(seconds) == text


def test_a_busy_machine_is_said():
    assert "upper bound" not in machine_text(MACHINE)
    assert "upper bound" in machine_text({**MACHINE, "load_average": "7.0"})
    assert bytes_text(64 << 20) == "64 MiB"
    assert bytes_text(3 << 29) == "1.5 GiB"


def test_a_plain_sample_has_the_verdicts_of_the_search():
    s = subject("xor_pretrained")
    found = search_circuits(ask(s.network, task=s.task, data=s.data))
    sample = plain_sample(s, 400)
    assert len(sample.masks) == 400
    assert sample.valid.any()
    np.testing.assert_array_equal(np.isin(sample.masks, found.masks), sample.valid)
    low, high = sample.interval(found.possible)
    assert low <= found.n_valid <= high
    for mask in found.masks[:20]:
        assert [round(value) for value in plain_outputs(s, int(mask))] == list(s.labels)


def test_interpretations_are_compared_circuit_by_circuit():
    s = subject("xor_2-2")
    masks = search_circuits(ask(s.network, task=s.task, data=s.data)).masks
    counts = count_interpretations(ask(s.network, data=s.data), masks)
    edges_of = {plain.mask_of(e): e for e in plain.valid_circuits(s.plain, s.labels, paper=False)[0]}
    edges = [edges_of[mask] for mask in masks.tolist()]
    n_compared, n_listed, _ = compare_interpretations(s, edges, counts, 0.05)
    assert n_compared > 0
    assert n_listed >= sum(sorted(counts.by_circuit)[:n_compared])
    wrong = replace(counts, by_circuit=tuple(n + 1 for n in counts.by_circuit))
    with pytest.raises(RuntimeError, match="disagree"):
        compare_interpretations(s, edges, wrong, 5.0)


@pytest.mark.slow
def test_a_search_in_a_process_of_its_own_finds_the_same():
    s = subject("xor_pretrained")
    found = search_circuits(ask(s.network, task=s.task))
    listed = measure_alone(s.network, s.task, DEFAULT_LIMITS)
    counted = measure_alone(s.network, s.task, replace(DEFAULT_LIMITS, max_possible=0))
    assert (listed.method, counted.method) == ("listed", "counted")
    assert listed.count == counted.count == found.n_valid
    assert listed.possible == found.possible == Structure(s.network.sizes, COMPLETE).count
    assert listed.digest == counted.digest  # the count draws all, since they are few
    assert listed.processor_seconds > 0
    assert 0 < listed.start_bytes <= listed.peak_bytes


@pytest.mark.slow
def test_an_attempt_says_how_it_ended():
    stopped = attempted_line(1e-9, width=4)
    assert "STOPPED" in stopped.note
    assert stopped.ratio is None
    done = attempted_line(600.0, width=3)
    assert done.note.startswith("done")
    assert "no second route" in done.note


@pytest.mark.slow
def test_the_whole_table_in_tiny(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--tiny", "--json", str(tmp_path / "lines.json")]) == 0
    printed = capsys.readouterr().out
    assert "cores" in printed
    assert "--tiny: less work" in printed
    assert "Width 6 (46.9 trillion circuits) was not attempted" in printed
    document = json.loads((tmp_path / "lines.json").read_text())
    assert len(document["lines"]) == 21
    assert all(line["note"] for line in document["lines"])
    assert sum(line["target_seconds"] is not None for line in document["lines"]) == 8
