"""`pluriscope suite make`: a folder that the same command continues, with the same digest by any number of workers."""

import json

import pytest

from plugins.bench.tests.suites import design, saved, tiny
from plugins.studies.tests.test_study_commands import run
from pluriscope_bench import suite_files
from pluriscope_bench.suite_files import read_suite

__all__ = ["run"]


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(suite_files, "bundled_design", design)


@pytest.mark.release
@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_digest_is_the_same_by_any_number_of_workers(run, tmp_path, workers):
    ended = run("suite", "make", "public", "--output", str(tmp_path / "made"), "--workers", workers, "--json")
    assert ended.code == 0, ended.err
    assert_the_same(ended, tmp_path / "made")
    again = run("suite", "make", "public", "--output", str(tmp_path / "made"), "--json")
    assert (again.code, json.loads(again.out)["networks"]) == (0, len(tiny().networks))


def assert_the_same(ended, folder):
    assert json.loads(ended.out)["digest"] == tiny().digest
    known = {name: value for name, value in tiny().answers[0].items() if not name.startswith("seconds")}
    row = read_suite(folder).answers[0]
    assert {name: row[name] for name in known} == known


@pytest.mark.slow
def test_what_is_missing_or_damaged_is_made(run, tmp_path, prepared):
    folder = saved(tmp_path / "made")
    for name in ("0-0.json.gz", "2-0.json.gz"):
        part = folder.path / "parts" / name
        part.unlink() if name[0] == "2" else part.write_bytes(part.read_bytes()[:-9])
    ended = run("suite", "make", "public", "--output", str(folder.path), "--workers", "2", "--json")
    assert ended.code == 0, ended.err
    assert_the_same(ended, folder.path)
    assert "0-0.json.gz is cut short or damaged: its networks are made again" in ended.err
    assert "7 seeds, 3 there already" in ended.err


@pytest.mark.slow
def test_tables_are_written_to_an_empty_folder(run, tmp_path):
    arguments = ("suite", "tables", str(tiny().folder), "--output", str(tmp_path / "tables"))
    assert run(*arguments).out.strip() == tiny().digest == read_suite(tmp_path / "tables").digest
    again = run(*arguments)
    assert (again.code, "has something in it" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["huge"], "suite 'huge': is unknown. Use small, public."),
        (["small", "--insecure"], "--insecure: is about a cluster"),
        (["small", "--output", "FULL"], "has 'FILE' in it, which is no part of a suite"),
    ],
)
def test_what_cannot_be_made_is_refused(run, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FULL").mkdir()
    for path in (tmp_path / "FILE", tmp_path / "FULL" / "FILE"):
        path.write_text("no suite")
    ended = run("suite", "make", *arguments)
    assert ended.code == 2
    assert words in ended.err
