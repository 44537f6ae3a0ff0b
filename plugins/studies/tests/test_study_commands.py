"""`pluriscope study …`: a folder of parts that the same command continues, whatever ended the one before."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from plugins.studies.tests import dask_processes
from plugins.studies.tests.study_factories import MEASURES, design, rows, settings
from pluriscope.tables.parquet import ParquetTable
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.rows import columns_of
from pluriscope_studies.table import write_part
from tests.app.cli.test_analyse import run as run_command
from tests.app.upkeep.test_no_room import volume
from tests.checkout import ROOT

__all__ = ["file", "run"]


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Runs a command on a database of its own."""
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("PLURISCOPE_DATABASE_URL", raising=False)

    def ended(*arguments):
        code = run_command(*arguments)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return ended


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "study.json"
    path.write_text(json.dumps(settings(seeds={"first": 0, "count": 3})))
    return path


def kept(folder, study, seeds=None):
    """A folder as a run leaves it, with made-up rows."""
    folder.mkdir()
    answer = {"design": json.dumps(study.model_dump(mode="json")), "digest": study.digest, "engine": "0.1"}
    for cell in cells_of(study):
        of_cell = [row for row in rows(study) if row["cell"] == cell.key and (seeds is None or row["seed"] in seeds)]
        write_part(folder / f"{cell.key}-0.parquet", of_cell, columns_of(study), answer)
    return sorted(folder.iterdir())


def table(folder, names="*"):
    """All rows of a folder, without the time that they took."""
    query = "SELECT * EXCLUDE seconds FROM {rows} ORDER BY cell, seed, protocol, output"
    return ParquetTable(sorted(folder.glob(f"{names}.parquet"))).ask(query)


def states(folder):
    if not folder.is_dir():
        return folder.exists() and folder.read_bytes()
    return {path.name: path.is_file() and path.read_bytes() for path in folder.iterdir()}


def test_bad_input_ends_in_one_line(run, file, tmp_path):
    file.write_text(json.dumps(settings(measures=["nothing"])))
    ended = run("study", "run", str(file))
    assert ended.code == 2
    assert "'nothing' is unknown" in ended.err
    file.write_text(json.dumps(settings(measures=[*MEASURES, "rung-sets"], hidden=[[2, 2], [2, 2]])))
    ended = run("study", "run", str(file))
    assert (ended.code, "'rung-sets' is unknown" in ended.err or "2-2" in ended.err) == (2, True)
    assert run("study", "run", str(tmp_path / "absent.json")).code == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--cluster", "tcp://192.0.2.7:8786"], "asks for no password"),
        (["--cluster", "192.0.2.7"], "is no address of a scheduler. Give tls://HOST:PORT"),
        (["--cluster", "tcp://127.0.0.1:8786", "--workers", "2"], "has workers of its own. Leave it out."),
        (["--insecure"], "Give --cluster, or leave it out."),
        (["--seeds", "0"], "--seeds"),
        (["--workers", "0"], "--workers"),
    ],
)
def test_options_that_are_refused_before_anything_is_written(run, file, tmp_path, options, words):
    ended = run("study", "run", str(file), "-o", str(tmp_path / "out"), *options)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert words in ended.err
    assert not (tmp_path / "out").exists()


def a_file(folder):
    folder.write_text("precious")


def another_design(folder):
    kept(folder, design(loss_target=[0.5]))


def something_else(folder):
    kept(folder, design())
    (folder / "notes.txt").write_text("precious")


def the_same_twice(folder):
    first = kept(folder, design())[0]
    (folder / "copy.parquet").write_bytes(first.read_bytes())


def a_folder_in_it(folder):
    (folder / "more.parquet").mkdir(parents=True)


def another_parquet(folder):
    folder.mkdir()
    ParquetTable([]).write(folder / "0.parquet", "SELECT 1 AS x", "FORMAT parquet")


def no_parquet(folder):
    folder.mkdir()
    (folder / "0.parquet").write_text("precious")


@pytest.mark.parametrize(
    ("name", "there", "words"),
    [
        ("out", a_file, "is a file, and a study is written to a folder. Give another path."),
        ("out", another_design, "holds the table of another design (xor-width, "),
        ("out", something_else, "has 'notes.txt' in it, which is no part of a study. Give a folder of its own."),
        ("out", the_same_twice, "'copy.parquet' have rows of the same networks. Remove one of them."),
        ("out", a_folder_in_it, "has 'more.parquet' in it, which is no part of a study"),
        ("out", another_parquet, "is not of the format pluriscope-study-table/1"),
        ("out", no_parquet, "0.parquet"),
        ("nowhere/out", lambda folder: None, "the folder that it is in does not exist. Make that first."),
        ("/proc/out", lambda folder: None, "output '/proc/out': "),
    ],
)
def test_what_is_in_the_way_is_never_overwritten(run, file, tmp_path, name, there, words):
    folder = tmp_path / name
    there(folder)
    before = states(folder)
    ended = run("study", "run", str(file), "-o", str(folder))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert words in ended.err
    after = states(folder)
    assert after == before or (
        there in (another_design, another_parquet, no_parquet, the_same_twice) and after == before | {".lock": b""}
    )


@pytest.mark.slow
def test_a_table_is_taken_from_what_study_export_wrote_as_is_said(run, tmp_path):
    (tmp_path / "made").mkdir()
    ParquetTable([]).write(tmp_path / "made" / "0.parquet", "SELECT 1 AS x", "FORMAT parquet")
    said = run("study", "import", str(tmp_path / "made"))
    assert "Give what `pluriscope study run` or `study export` wrote" in said.err
    kept(tmp_path / "run", design())
    assert run("study", "import", str(tmp_path / "run")).code == 0
    assert run("study", "export", design().slug, "-o", str(tmp_path / "exported")).code == 0
    assert run("study", "import", str(tmp_path / "exported")).code == 0


def test_two_commands_do_not_write_to_one_folder(run, file, tmp_path):
    import fcntl

    kept(tmp_path / "out", design())
    with (tmp_path / "out" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = run("study", "run", str(file), "-o", str(tmp_path / "out"))
    assert ended.code == 2
    assert "another command is writing to it. Wait until it has ended, or give another folder." in ended.err


@pytest.mark.slow  # starts processes, loads scipy
def test_a_run_is_continued_from_its_folder(run, file, tmp_path):
    """Of the parts one is cut short and one torn in the middle, and a killed command left another."""
    folder, known = tmp_path / "out", design()
    first, second = kept(folder, known)
    first.write_bytes(first.read_bytes()[:-9])
    raw = bytearray(second.read_bytes())
    raw[len(raw) // 3 : len(raw) // 3 + 60] = bytes(60)
    second.write_bytes(raw)
    whole = tmp_path / "whole"
    kept(whole, known, seeds={2, 3})
    for path in whole.iterdir():
        path.rename(folder / f"data-{path.name}")
    (folder / f".{first.name}.0123abcd").write_bytes(b"PAR1")
    ended = run("study", "run", str(file), "-o", str(folder), "--workers", "1", "--json")
    assert ended.code == 0
    assert f"part {first.name} is cut short or damaged: its networks are made again" in ended.err
    assert f"part {second.name} is cut short or damaged: its networks are made again" in ended.err
    assert "holds 4 of 8 networks already" in ended.err  # the folder's design has four seeds, the file three
    answer = json.loads(ended.out)
    assert (answer["networks"], answer["finished"], answer["problems"]) == (8, 8, [])
    assert {row[:2] for row in table(folder)} == {(cell.key, seed) for cell in cells_of(known) for seed in range(4)}
    assert set(map(str, table(folder, "data-*"))) <= set(map(str, table(folder)))
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["networks"], summary["converged"]) == (8, answer["converged"])
    assert not list(folder.glob(".*0123abcd"))
    again = run("study", "run", str(file), "-o", str(folder), "--workers", "1", "--quiet")
    assert (again.code, again.err) == (0, "")


@pytest.mark.slow  # starts processes, loads scipy
def test_a_design_on_standard_input_and_networks_that_are_files(tmp_path, xor_file):
    nets = tmp_path / "nets"
    nets.mkdir()
    (nets / "a.json").write_text(xor_file)
    (nets / "b.json").write_text("{}")
    given = {"slug": "mine", "name": "Mine", "question": "?", "measures": ["circuits-valid"], "source": "files"}
    given["source_options"] = {"files": ["nets/*.json"]}
    ended = subprocess.run(
        [sys.executable, "-m", "pluriscope.app.cli", "study", "run", "-", "--workers", "1", "--json", "--quiet"],
        input=json.dumps(given),
        text=True,
        capture_output=True,
        cwd=tmp_path,
        env=environment(tmp_path),
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"folder": "mine", "networks": 2, "finished": 2, "converged": 1, "problems": []}
    reasons = ParquetTable(list((tmp_path / "mine").glob("*.parquet"))).ask(
        "SELECT seed, message FROM {rows} ORDER BY seed"
    )
    assert reasons[0] == (0, "read from nets/a.json")
    assert reasons[1][1].startswith("nets/b.json: ")


@pytest.fixture
def xor_file():
    from pluriscope.analysis.network_files.files import network_file_json
    from tests.factories import pretrained_xor

    return json.dumps(network_file_json(pretrained_xor()))


@pytest.mark.slow  # processes that fail again and again
def test_what_stops_every_network_is_said(run, file, monkeypatch):
    monkeypatch.setattr("pluriscope.processes.memory.LEAST", 1)
    monkeypatch.setattr("pluriscope.processes.memory.bytes_for_each", lambda _: 1 << 20)
    ended = run("study", "run", str(file), "-o", str(file.with_suffix("")), "--workers", "1")
    assert ended.code == 3
    assert "0 of 6 networks" in ended.err
    assert "failed: 2-2, seed 0: " in ended.err


# --- whatever ends it


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A study of some seconds, and its table as a run without trouble leaves it."""
    folder = tmp_path_factory.mktemp("long")
    file = folder / "study.json"
    file.write_text(
        json.dumps(settings(hidden=[[2, 2], [2, 3], [3, 2]], references=[], seeds={"first": 0, "count": 24}))
    )
    ended = subprocess.run(command(file, folder / "whole"), env=environment(folder), capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return file, table(folder / "whole")


def command(file, output, *options):
    workers = [] if "--cluster" in options else ["--workers", "2"]
    return [
        sys.executable,
        "-m",
        "pluriscope.app.cli",
        "study",
        "run",
        str(file),
        "-o",
        str(output),
        *workers,
        *options,
    ]


def environment(folder):
    return {**os.environ, "PYTHONPATH": str(ROOT), "PLURISCOPE_DATA": str(folder / "data")}


def begun(file, output, *options):
    """A command that has saved its first part; what it says goes to a file beside its folder."""
    with output.with_suffix(".log").open("w") as log:
        process = subprocess.Popen(command(file, output, *options), env=environment(output.parent), stderr=log)
    end = time.monotonic() + 60
    while not list(output.glob("*.parquet")):
        assert process.poll() is None, output.with_suffix(".log").read_text()
        assert time.monotonic() < end
        time.sleep(0.02)
    return process


def children(process):
    """Processes that a process started, and theirs."""
    answer = subprocess.run(["ps", "-e", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True).stdout
    found = [process.pid]
    lines = [line.split(None, 2) for line in answer.splitlines()]
    for pid, parent, _ in lines:
        if int(parent) in found:
            found.append(int(pid))
    return {int(pid): words for pid, _, words in lines if int(pid) in found[1:]}


@pytest.mark.release  # runs a study of some seconds twice
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_a_command_that_is_ended_goes_on(long, tmp_path, number, code):
    file, whole = long
    process = begun(file, tmp_path / "out")
    workers = children(process)
    process.send_signal(number)
    assert process.wait(10) == code
    held = table(tmp_path / "out")
    assert 0 < len(held) < len(whole)
    end = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") for pid in workers):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert subprocess.run(command(file, tmp_path / "out"), env=environment(tmp_path)).returncode == 0
    assert table(tmp_path / "out") == whole


@pytest.mark.release
def test_a_process_that_is_killed_is_replaced(long, tmp_path):
    file, whole = long
    process = begun(file, tmp_path / "out")
    killed = [pid for pid, words in children(process).items() if "spawn_main" in words]
    assert killed
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    assert process.wait(120) == 0
    assert table(tmp_path / "out") == whole


@pytest.mark.release
def test_a_full_disk_ends_it_and_the_same_command_goes_on(long, tmp_path):
    file, whole = long
    with volume(tmp_path / "volume", "40k") as small:
        ended = subprocess.run(command(file, small / "out"), env=environment(tmp_path), capture_output=True, text=True)
        assert ended.returncode == 1
        assert (
            "cannot be written (No space left on device). Make room, then give the same command again" in ended.stderr
        )
        held = table(small / "out")
        assert 0 < len(held) < len(whole)
        subprocess.run(["mount", "-o", "remount,size=10m", small], check=True)
        assert subprocess.run(command(file, small / "out"), env=environment(tmp_path)).returncode == 0
        assert table(small / "out") == whole


@pytest.mark.release
@pytest.mark.parametrize("killed", ["scheduler", "worker"])
def test_a_cluster_of_which_something_is_killed(long, tmp_path, killed):
    pytest.importorskip("distributed")
    file, whole = long
    with (
        dask_processes.scheduler(tmp_path) as (address, scheduler),
        dask_processes.worker(address, tmp_path) as first,
        dask_processes.worker(address, tmp_path),
    ):
        process = begun(file, tmp_path / "out", "--cluster", address)
        (scheduler if killed == "scheduler" else first).kill()
        code = process.wait(120)
        if killed == "worker":
            assert code == 0
        else:
            assert (code, 0 < len(table(tmp_path / "out")) < len(whole)) == (3, True)
            assert (
                "does not answer any more. Start its scheduler again, then give the same command"
                in (tmp_path / "out.log").read_text()
            )
    if killed == "scheduler":
        assert subprocess.run(command(file, tmp_path / "out"), env=environment(tmp_path)).returncode == 0
    assert table(tmp_path / "out") == whole


# --- a store


@pytest.mark.slow
def test_tables_go_into_the_store_and_come_out_again(run, tmp_path):
    known = design()
    kept(tmp_path / "in", known)
    assert run("study", "import", str(tmp_path / "in")).out == "/studies/xor-width\n"
    for copy in ("out", "out.parquet"):
        assert run("study", "export", "xor-width", "-o", str(tmp_path / copy)).code == 0
    assert table(tmp_path / "out") == table(tmp_path / "in")
    assert ParquetTable([tmp_path / "out.parquet"]).ask("SELECT count(*) FROM {rows}") == [(len(rows(known)),)]
    assert json.loads(run("study", "export", "xor-width", "--design").out)["slug"] == "xor-width"
    assert run("study", "export", "nowhere").code == 2
    assert run("study", "import", str(tmp_path / "nothing")).code == 2
