"""Documents name commits by their hash: each exists in the repository's history, so that whoever clones it has it."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.checkout import ROOT

FINDINGS = ROOT / "plugins/studies/pluriscope_studies/bundled/findings"
HASH = re.compile(r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40}\b")
NAMED = re.compile(r"\([^()]*\bcommits?\b[^()]*\)")
"""A parenthesis that names commits of this repository; others stand beside the name of theirs."""
MADE_AT = re.compile(r"\bat commit `([0-9a-f]+)`")
CHECKED_OUT = re.compile(r"git (?:checkout|show|switch) ([\w.-]+)|\bthe tag `([^`]+)`")


def names(text: str) -> set[str]:
    """Commits and tags that a text names."""
    return {
        *(found for part in NAMED.findall(text) for found in HASH.findall(part)),
        *MADE_AT.findall(text),
        *(one or other for one, other in CHECKED_OUT.findall(text)),
    }


def documents() -> list[Path]:
    ours = [*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md"))]
    return [*ours, FINDINGS / "paper.toml"]


def git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout of the repository")
def test_every_commit_that_is_named_is_in_the_history():
    assert git("rev-parse", "--is-shallow-repository").stdout.strip() == "false", "run git fetch --unshallow"
    answer = {name: path.name for path in documents() for name in names(path.read_text())}
    answer[json.loads((FINDINGS / "manifest.json").read_text())["commit"]] = "manifest.json"
    assert len(answer) > 5
    lost = {name: path for name, path in answer.items() if git("merge-base", "--is-ancestor", name, "HEAD").returncode}
    assert not lost


def test_a_text_that_names_commits_and_tags_is_read():
    text = "made there (commit 716e7540; halved, `d27c45c7`), as hannamw/EAP-IG 62f83cd has it; git checkout findings-1"
    assert names(text) == {"716e7540", "d27c45c7", "findings-1"}
    assert names("stands under the tag `v2`") == {"v2"}
    assert names("made at commit `34f66ec6b` by") == {"34f66ec6b"}
