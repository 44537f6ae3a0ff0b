"""A thousand files of strangers: each refused with one clear message, in bounded memory."""

import json
import random
import subprocess
import sys

import pytest

from tests.hostile.files import CORPUS, FAMILIES, hostile_files, sound
from tests.hostile.refusing import refused

SECONDS_EACH = 1.0


def test_the_sound_file_that_families_spoil_is_accepted():
    dice = random.Random(1)
    for _ in range(20):
        document = sound(dice)
        refusal = refused(json.dumps(document).encode())
        assert not refusal or "rounds to neither 0 nor 1" in refusal


@pytest.mark.slow
def test_the_corpus_and_the_first_of_each_family_are_refused():
    files = list(hostile_files(len(list(CORPUS.iterdir())) + len(FAMILIES)))
    assert {file.family for file in files} == {"corpus", *(make.__name__ for make in FAMILIES)}
    for file in files:
        message = refused(file.raw)
        assert message, file
        assert message.isprintable(), file
        assert len(message) < 4_000, file


@pytest.mark.slow
@pytest.mark.parametrize("n_files", [250, pytest.param(1_000, marks=pytest.mark.release)])
def test_many_are_refused_within_bounded_memory(n_files):
    command = [sys.executable, "-m", "tests.hostile.refusing", "--files", str(n_files), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert found["files"] == n_files
    # the limit of the address space has held, or some reader would have failed with MemoryError
    assert max(max(times) for times in found["times"].values()) < SECONDS_EACH  # of the processor, not by the clock
