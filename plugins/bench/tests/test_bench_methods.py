"""Methods of others in processes of their own: each kind of bad one is really run, and the rest goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from benchmarks.parity import question_of
from pluriscope.analysis.errors import InvalidMethod
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope_bench.key.condition import PRIMARY, Condition
from pluriscope_bench.key.submission import Calls
from pluriscope_bench.methods import Limits, Task, method_of, run_method
from tests.analysis.subjects.transformer.test_judging import golden

FOLDER = Path(__file__).parents[1] / "methods"
LIMITS = Limits(seconds=20, n_bytes=300 << 20, workers=2)
BAD = "n1"
"""The one network of three on which methods below go wrong; they know it by its seed."""
HEAD = "import ctypes, os, signal, sys, time\nimport numpy as np\nKEPT = []\n"


@pytest.fixture(scope="module")
def about():
    return question_of("xor_2-2-2")


@pytest.fixture(scope="module")
def tasks(about):
    return [Task(name, about, PRIMARY) for name in ("n0", BAD, "n2")]


def seed_of(network: str, name: str) -> int:
    return int(sha256(f"{name}\n{network}\n0".encode()).hexdigest()[:8], 16)


def text_of(body: str) -> str:
    """A method that does something on the bad network, from line 6 on, and else gives every edge 1."""
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    return (
        f"{HEAD}def method(network, ablation, ask, seed):\n    if seed == {seed_of(BAD, 'method')}:\n{lines}\n"
        "    return dict.fromkeys(network.edges, 1.0)\n"
    )


def function_of(body: str):
    names = {}
    exec(compile(text_of(body), "method.py", "exec"), names)  # noqa: S102 - as somebody would type it
    return names["method"]


RAISED = [
    ("raise KeyError('no such thing')", "KeyError: 'no such thing', line 6"),
    ("sys.exit(0)", "SystemExit: 0, line 6"),
    ("def deep(): deep()\ndeep()", "RecursionError"),
    ("class Odd(Exception):\n    __str__ = None\nraise Odd", "Odd"),
    ("raise ValueError('a\\x1b[31m \\ud800')", "ValueError: a [31m  , line 6"),
    ("os._exit(3)", "exit code 3"),
    ("os.kill(os.getpid(), signal.SIGSEGV)", "exit code -11"),
    ("os.closerange(3, 200)\nos.execv('/bin/true', ['true'])", "exit code"),
    ("ask.run('x0')", "InvalidMethod: ask: is given str"),
]
UNREADABLE = [
    ("ask.gradients(); return {}", "gives no number"),
    ("return object()", "at 0x…"),
    ("class Endless(dict):\n    def keys(self): raise OSError\nreturn Endless()", "OSError"),
]
MEMORY = [
    "raise MemoryError",
    "try:\n    while True: KEPT.append(np.ones(10**6))\nexcept MemoryError: pass",
    "import mmap\nwhile True: KEPT.append(mmap.mmap(-1, 10**7)); KEPT[-1].write(bytes(10**7))",
]
HANGS = [
    "while True: pass",
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(1000)",
    "ctypes.PyDLL(None).usleep(1_000_000_000)",  # in C, with the interpreter's lock
    "if os.fork(): os.wait()\nelse: time.sleep(1000)",
]


def run(source, tasks, limits=LIMITS):
    found = [one for (one,) in run_method(source, tasks, limits)]
    assert len(found) == len(tasks)
    return found


def one_bad(source, tasks, limits=LIMITS):
    """Outcome of the bad network; the others have their answer."""
    first, bad, last = run(source, tasks, limits)
    assert [one.outcome for one in (first, last)] == ["answered", "answered"], (first.message, last.message)
    assert (bad.scores, bad.mask, bad.family) == (None, None, None)
    return bad


@pytest.mark.parametrize(("body", "words"), RAISED)
def test_an_exception_or_exit_is_reported_with_its_line(tasks, body, words) -> None:
    bad = one_bad(function_of(body), tasks)
    assert bad.outcome == "raised"
    assert words in bad.message


def test_an_error_in_a_file_is_reported_with_its_line_from_its_folder(tmp_path, tasks, monkeypatch) -> None:
    (tmp_path / "method.py").write_text(text_of("1 / 0").replace("def method", "def score"))
    monkeypatch.chdir(tmp_path)
    assert one_bad(Path("method.py"), tasks).message == "ZeroDivisionError: division by zero, line 6."


@pytest.mark.parametrize(("body", "words"), UNREADABLE)
def test_what_cannot_be_read_is_an_outcome(tasks, body, words) -> None:
    bad = one_bad(function_of(body), tasks)
    assert bad.outcome == "unreadable"
    assert words in bad.message


@pytest.mark.slow
@pytest.mark.parametrize("body", MEMORY)
def test_taking_all_memory_is_reported_whether_or_not_it_raises(tasks, body) -> None:
    bad = one_bad(function_of(body), tasks)
    assert bad.outcome == "memory", bad.message
    assert "MB of memory" in bad.message


@pytest.mark.slow
@pytest.mark.parametrize("body", HANGS)
def test_what_hangs_is_ended_and_its_children_with_it(tmp_path, tasks, body) -> None:
    answer = tmp_path / "pid"
    body = f"open({str(answer)!r}, 'w').write(str(os.getpid()))\n{body}"
    bad = one_bad(function_of(body), tasks, Limits(seconds=0.5))
    assert (bad.outcome, bad.message) == ("timeout", "It took more than 0.5 s.")
    assert not running_in(int(answer.read_text()))


def running_in(group: int) -> list[str]:
    """The processes of a group that have not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile
            state, _, its_group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            found += [folder.name] if int(its_group) == group and state != "Z" else []
    return found


@pytest.mark.slow
def test_memory_that_leaks_from_network_to_network_ends_one_of_them(tmp_path, about) -> None:
    file = tmp_path / "leak.py"
    file.write_text(
        "import numpy as np\nKEPT = []\ndef score(network, ablation, ask):\n"
        "    KEPT.append(np.ones(5 * 10**6))\n    return [len(KEPT)] * len(network.edges)\n"
    )
    found = run(file, [Task(f"n{at}", about, PRIMARY) for at in range(20)], Limits(20, 300 << 20, 1))
    outcomes = [one.outcome for one in found]
    assert set(outcomes) == {"answered", "memory"}
    again = found[outcomes.index("memory") + 1]
    assert again.scores is not None
    assert again.scores[0] == 1.0  # by another process


IMPORTS = [
    ("", "has no function 'score'"),
    ("def score(a, b, c): pass", "has score(a, b, c), whose parameters are not those of a method"),
    ("def score(network, ablation, ask, depth): pass", "whose parameters are not"),
    ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name', line 1"),
    ("x = 1\nraise ValueError('at import')", "ValueError: at import, line 2"),
    ("import os; os._exit(1)", "exit code 1"),
    ("KEPT = bytearray(10**10)", "MemoryError"),
    ("import time; time.sleep(100)", "took more than 2 s"),
    ("NAME = 3\ndef score(network, ablation, ask): pass", "NAME: input should be a valid string, is '3'"),
    ("TRACK = 'all'\ndef score(network, ablation, ask): pass", "TRACK: "),
    ("SEEDS = 0\ndef score(network, ablation, ask): pass", "SEEDS: "),
]


@pytest.mark.slow
@pytest.mark.parametrize(("text", "cause"), IMPORTS)
def test_a_file_that_is_no_method_is_refused_before_anything_runs(
    tmp_path, tasks, monkeypatch, prepared, text, cause
) -> None:
    monkeypatch.setattr("pluriscope_bench.methods.IMPORT_SECONDS", 2.0)
    file = tmp_path / "method.py"
    file.write_text(text)
    with pytest.raises(InvalidMethod) as refused:
        next(run_method(file, tasks, Limits()))
    assert cause in str(refused.value)
    assert "method.py" in refused.value.item
    assert refused.value.cure


@pytest.mark.slow
@pytest.mark.parametrize("name", ["missing.py", "folder.py", "binary.py"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, prepared, name) -> None:
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "binary.py").write_bytes(b"\xff\x00")
    with pytest.raises(InvalidMethod, match=name):
        method_of(tmp_path / name, Limits())


def test_functions_are_asked_as_files_are_and_see_what_stands_around_them(tasks) -> None:
    given, seen = {"many": 3.0}, []

    def close_by(network, ablation, ask):
        seen.append(network)  # in another process: nothing comes back
        print("this goes nowhere")  # noqa: T201
        return dict.fromkeys(network.edges, given["many"])

    found = run(close_by, tasks)
    assert [one.outcome for one in found] == ["answered"] * 3
    assert found[0].scores == (3.0,) * 14
    assert not seen
    assert method_of(close_by, LIMITS).model_dump() == {"name": "close_by", "track": None, "seeds": 1}
    close_by.NAME, close_by.TRACK, close_by.SEEDS = "nearest", "runs", 3
    assert method_of(close_by, LIMITS).model_dump() == {"name": "nearest", "track": "runs", "seeds": 3}
    with pytest.raises(InvalidMethod, match="parameters"):
        method_of(lambda x: x, LIMITS)


def test_what_a_method_prints_does_not_disturb_the_table(tasks, capfd) -> None:
    def loud(network, ablation, ask):
        print("printed")  # noqa: T201
        os.write(1, b"written")
        os.system("echo echoed >&2")  # noqa: S605 - as a method might
        return [0.0] * 14

    assert {one.outcome for one in run(loud, tasks)} == {"answered"}
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_order_is_kept_whichever_answers_first_and_reports_rise(tasks) -> None:
    def uneven(network, ablation, ask, seed):
        time.sleep(0.3 if seed == seed_of("n0", "uneven") else 0)
        return [float(seed)] * 14

    reports = []
    found = [one for (one,) in run_method(uneven, tasks, LIMITS, reports.append)]
    assert [one.scores[0] for one in found] == [float(seed_of(task.name, "uneven")) for task in tasks]
    assert [(one.done, one.total) for one in reports] == [(1, 3), (2, 3), (3, 3)]


RANDOM = """
import random
import numpy as np
NAME, SEEDS = "drawn", 2
def score(network, ablation, ask):
    import torch
    texts = list({edge for edge in network.edges})
    return [random.random(), np.random.random(), float(torch.rand(1)), network.edges.index(texts[0]), *10 * [0.0]]
"""


@pytest.mark.slow
def test_what_is_drawn_is_drawn_again_whatever_ran_before(tmp_path, tasks) -> None:
    file = tmp_path / "drawn.py"
    file.write_text(RANDOM)
    found = [[one.scores for one in some] for some in run_method(file, tasks, Limits(workers=1))]
    assert [len(some) for some in found] == [2, 2, 2]
    drawn = [scores[:3] for some in found for scores in some]
    assert len(set(drawn)) == 6
    alone = [[one.scores for one in some] for some in run_method(file, tasks[2:], Limits(workers=1))]
    assert alone == found[2:]


@pytest.mark.slow
def test_the_published_form_answers_as_the_other_does_and_says_what_it_does_not_offer(about) -> None:
    model = GraphQuestion(TRANSFORMER, golden("majority_5_2x2_0"), TRANSFORMER.rules("heads"))
    asked = [(one, ablation) for one in (about, model) for ablation in ("zero", "mean", "pairs")]
    tasks = [Task(f"n{at}", one, Condition(ablation)) for at, (one, ablation) in enumerate(asked)]
    published, asking = (run(FOLDER / f"{name}.py", tasks, Limits(workers=1)) for name in ("eap_module", "eap"))
    for one, other in zip(published[:3], asking[:3], strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-12)
        assert one.calls == other.calls == Calls(gradients=1)
    assert [one.outcome for one in published[3:]] == ["not-offered"] * 3
    assert [one.outcome for one in asking[3:]] == ["answered", "answered", "not-offered"]
    assert "transformers" in published[3].message
    assert "transformers" in asking[5].message


@pytest.mark.slow
def test_a_script_that_scores_a_file_is_not_run_again_in_its_process(tmp_path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\nfrom pluriscope_bench.methods import Limits, method_of\n"
        f"print(method_of(Path({str(FOLDER / 'eap.py')!r}), Limits()).name)\n"
    )
    assert subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout == "EAP\n"
