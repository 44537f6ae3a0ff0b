"""Tests that findings of an earlier version are marked as such, and made again when nothing else waits."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analyses.analysis import LONGEST
from pluriscope.analyses.registry import BY_KEY
from pluriscope.analysis.criteria.steps import default_steps
from pluriscope.analysis.subjects.registry import kind_called
from pluriscope.app.db.engine import store_at
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.analyses import find_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.stages import enqueue_outdated
from pluriscope.app.jobs.worker import run_workers
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from tests.schemas import SLUG, unpack

TRANSFORMER = "majority-of-five-two-attention-heads"
OLDER = {
    (SLUG, "complete"): ["LIME", "Labels of neurons"],
    (SLUG, "paper"): ["LIME", "Labels of neurons"],
    (TRANSFORMER, "heads"): [
        *("Shapley values", "Integrated gradients", "LIME", "Linear probes", "Activation patching", "Path patching"),
        *("Attribution patching", "Distributed alignment search", "Direct logit attribution", "Roles of heads"),
        "OV and QK circuits",
    ],
}
"""Lenses that have answered otherwise since 0035, by network and rules; simplicity has at each of them, too."""
SURVEYED = ("complete", "paper")
"""Rules under which the common ground of the perceptron was surveyed, which keeps more now, and pairs were sought."""


@pytest.mark.slow
def test_answers_of_corrected_methods_are_marked_and_made_again(tmp_path):
    """On every page and in JSON; no page asks for it, and whoever works does, behind all else."""
    unpack("0035", tmp_path / "pluriscope.sqlite")
    settings = Settings(data=tmp_path, database_url="", workers=1)
    store = store_at(settings.url)
    store.migrate()
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:

        def answer(slug: str, rules: str, analysis: str = "lenses") -> tuple[list[str], str]:
            address = Addresses().analysis(slug, analysis, Scope(protocol=rules))
            return client.get(Addresses().twin(address)).json()["older"], client.get(address).text

        for (slug, rules), labels in OLDER.items():
            older, page = answer(slug, rules)
            assert (older, f"Made by an older version: {', '.join(labels)}" in page) == (labels, True)
            assert answer(slug, rules, "methods")[0] == []
        of_roles = Addresses().analysis(TRANSFORMER, "lenses", Scope(protocol="heads"), "roles")
        (note,) = client.get(Addresses().twin(of_roles)).json()["notes"][:1]
        assert note.startswith("Made by an older version. ")
        assert note in client.get(of_roles).text
        shelf = client.get(Addresses().analyses(SLUG, Scope(protocol="paper"))).text
        assert "Made by an older version: LIME" in shelf

        def waiting() -> list[tuple[str, int]]:
            with store.read() as session:
                found = select(JobRow.kind, JobRow.priority).where(JobRow.state == "queued").order_by(JobRow.priority)
                return [tuple(one) for one in session.execute(found)]

        assert waiting() == [], "pages have asked for nothing"
        with store.write() as session:
            assert enqueue_outdated(session) == enqueue_outdated(session) == 2 * (len(OLDER) + len(SURVEYED))
            row = find_network(session, SLUG).analyses[0]
            queue.enqueue_about(session, row, "criteria", criteria=default_steps("circuit"))
        first, *others = waiting()
        assert first[0] == "criteria"
        expected = ["lenses", "simplicity"] * len(OLDER) + ["common-ground", "pair"] * len(SURVEYED)
        assert sorted(others) == sorted((kind, LONGEST) for kind in expected)
        run_workers(settings, slots=1, until_idle=True)
        for slug, rules in OLDER:
            older, page = answer(slug, rules)
            assert (older, "Made by an older version" in page) == ([], False)
            twin = Addresses().twin(Addresses().analysis(slug, "lenses", Scope(protocol=rules)))
            kind = kind_called("perceptron" if slug == SLUG else "attention")
            assert client.get(twin).json()["version"] == BY_KEY["lenses"].version_for(kind) > 1
        assert "Made by an older version" not in client.get(of_roles).text
    with store.write() as session:
        assert enqueue_outdated(session) == 0
    store.close()
