"""`pluriscope analyse` where it is stopped or its time ends: what is written, what is said, and going on from there."""

import errno
import json
import os
import signal
import subprocess
import sys

import pytest

from pluriscope.analysis.explaining import pipeline
from pluriscope.analysis.network_files.files import network_file_json
from tests.app.cli.test_analyse import refused, run, xor
from tests.app.cli.test_analyse_model import other_name
from tests.checkout import ROOT
from tests.factories import small_network

__all__ = ["other_name", "xor"]
PAPER = ("--protocol", "paper", "--quiet")
found_in_time = pipeline.analyse_outputs


@pytest.fixture
def stopped(monkeypatch):
    """Lets signals come while a network is analysed: so many, at the n-th of the networks."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it

    def at(number, *signals):
        begun = []

        def analyse_outputs(*given, **more):
            begun.append(given)
            for one in signals if len(begun) == number else ():
                os.kill(os.getpid(), one)
            return found_in_time(*given, **more)

        monkeypatch.setattr(pipeline, "analyse_outputs", analyse_outputs)

    yield at
    signal.signal(signal.SIGINT, before)


def result_at(path):
    return json.loads(path.read_text()) | {"seconds": {}}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_stop_writes_what_was_found_and_the_same_goes_on(xor, tmp_path, capfd, stopped, number):
    out, whole = tmp_path / "out.json", tmp_path / "whole.json"
    assert run("analyse", xor, *PAPER, "-o", whole) == 0
    stopped(1, number)
    assert run("analyse", xor, *PAPER, "-o", out) == 3
    answer = capfd.readouterr().err.splitlines()
    assert answer[1] == "stopping: what was found is written; once more ends at once, with nothing written"
    command = f"pluriscope analyse {xor} --protocol=paper --continue {out}"
    assert answer[-1] == f"stopped on request; {out} has what was found until then; to go on: {command}"
    assert result_at(out)["outputs"][0]["stops"]
    assert run(*command.split()[1:], "--quiet") == 0
    assert result_at(out) == result_at(whole)


def test_a_second_request_ends_at_once_with_nothing_written(xor, tmp_path, capfd, stopped):
    out = tmp_path / "out.json"
    out.write_text("precious")
    stopped(1, signal.SIGINT, signal.SIGTERM)
    assert run("analyse", xor, *PAPER, "-o", out) == 130
    assert capfd.readouterr().err.endswith("pluriscope: stopped on request; nothing was written\n")
    assert (out.read_text(), {*tmp_path.iterdir()}) == ("precious", {xor, out})


def test_the_end_of_the_time_is_reported_and_without_masks_there_is_no_going_on(xor, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("time.perf_counter", iter(range(10**9)).__next__)
    assert run("analyse", xor, *PAPER, "-o", "-", "--seconds", "3", "--no-masks") == 3
    out, answer = capfd.readouterr()
    assert json.loads(out)["outputs"][0]["stops"]
    ended = "3 s are up; the result has what was found until then; without masks it cannot be gone on with"
    assert answer.splitlines()[-1] == ended


@pytest.mark.parametrize(("requests", "code"), [((signal.SIGINT,), 3), ((signal.SIGINT, signal.SIGINT), 130)])
def test_of_several_files_those_not_started_are_named(xor, tmp_path, capfd, stopped, requests, code):
    files, results = [tmp_path / f"{name}.json" for name in "abc"], tmp_path / "results"
    for file in files:
        file.write_text(xor.read_text())
    stopped(2, *requests)
    assert run("analyse", *files, *PAPER, "--output", results) == code
    out, answer = capfd.readouterr()
    assert out.split() == [str(results / f"{name}.json") for name in ("a" if code == 130 else "ab")]
    assert answer.splitlines()[-1] == f"{files[2]}: not started"
    assert [*map(str, sorted(results.iterdir()))] == out.split()


def test_what_cannot_be_gone_on_with_is_refused_and_stays(xor, other_name, tmp_path, capfd):
    whole = tmp_path / "whole.json"
    assert run("analyse", xor, *PAPER, "-o", whole) == 0
    before = whole.read_bytes()
    cases = [
        ((xor, "--continue", whole, *PAPER), "result file: is finished: nothing is missing"),
        ((xor, "--continue", whole, "-q"), "result file: is of other protocol"),
        ((xor, "--continue", xor, "-q", "-o", whole), "result file: is not of the format 'pluriscope-result/1'"),
        ((xor, "--continue", tmp_path / "none.json", "-q"), "No such file"),
        ((other_name, "--continue", whole), "result file: is of other network"),
        ((xor, other_name, "--continue", whole, "-o", tmp_path), "--continue: goes on with the result of one file"),
        ((xor, "--continue", whole, "--plan"), "without --plan"),
    ]
    for given, words in cases:
        assert words in refused(capfd, "analyse", *given), words
    assert whole.read_bytes() == before


def test_a_model_of_another_kind_is_reported_as_unfinished(other_name, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("time.perf_counter", iter(range(10**9)).__next__)
    out = tmp_path / "out.json"
    assert run("analyse", other_name, "-o", out, "-q", "--seconds", "1") == 3
    assert "0 valid circuits were found among 0 of 17 possible ones; time or memory" in capfd.readouterr().err
    assert not result_at(out)["exhaustive"]


@pytest.mark.parametrize("problem", [errno.ENOSPC, errno.EROFS])
def test_a_result_that_cannot_be_written_leaves_the_earlier_one(xor, tmp_path, capfd, monkeypatch, problem):
    out = tmp_path / "out.json"
    out.write_text("precious")

    def full(_):
        raise OSError(problem, os.strerror(problem))

    monkeypatch.setattr("os.fsync", full)
    assert run("analyse", xor, *PAPER, "-o", out) == 1
    cause = f"cannot be written ({os.strerror(problem)}), and is as it was before"
    cure = "Make room for it, or write it elsewhere."
    assert capfd.readouterr().err == f"pluriscope: output {str(out)!r}: {cause}. {cure}\n"
    assert (out.read_text(), {*tmp_path.iterdir()}) == ("precious", {xor, out})


def test_a_pipe_is_written_to_and_stays(xor, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert run("analyse", xor, *PAPER, "--plan", "-o", pipe) == 0
    assert b"3,000 circuits are possible" in os.read(reader, 10_000)
    assert pipe.is_fifo()
    os.close(reader)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shell", "code", "words"), [(">&-", 1, "Bad file"), ("> /dev/full", 1, "No space left"), ("2>&-", 0, "")]
)
def test_standard_streams_that_are_closed_or_full_are_reported_in_one_line(shell, code, words):
    command = f"{sys.executable} -m pluriscope.app.cli --version {shell}"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)  # noqa: S602
    assert (done.returncode, done.stderr.count("\n"), words in done.stderr) == (code, bool(words), True)


@pytest.mark.slow
def test_a_container_that_is_stopped_keeps_what_was_found(tmp_path):
    """A process of its own, without a terminal, on a network that takes half a minute."""
    path, out = tmp_path / "large.json", tmp_path / "out.json"
    document = network_file_json(small_network(0, (4, 4, 1, 3))) | {"output_activation": "linear"}
    path.write_text(json.dumps({key: value for key, value in document.items() if key != "tasks"}))
    given = ["analyse", str(path), "--output", str(out), "--output-is", "logit", "--task", "decisions"]
    command = [sys.executable, "-m", "pluriscope.app.cli", *given]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert next(line for line in process.stderr if "circuits: " in line)
        process.send_signal(signal.SIGTERM)
        answer = process.stderr.read()
    assert (process.returncode, "stopped on request" in answer) == (3, True)
    assert not result_at(out)["exhaustive"]
