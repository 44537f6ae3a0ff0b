"""A study whose plugin is taken away while it runs: it waits and says for what, and goes on when the plugin is back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import httpx
import pytest

from plugins.studies.tests.study_factories import design
from pluriscope.analysis.plugins import VARIABLE
from pluriscope.app.db.engine import open_store
from pluriscope.app.settings import Settings
from pluriscope_studies.jobs import queue as study_queue
from pluriscope_studies.reads import find_study, finished_seeds, study_jobs
from tests.app.jobs.test_worker import wait_for

N_SEEDS = 24
NEEDED = "pluriscope-studies"


@contextmanager
def running(folder, *command: str, plugins: str = "") -> Iterator[subprocess.Popen]:
    """A command on the store of a folder, killed at the end of the block."""
    settings = {"PLURISCOPE_DATA": str(folder), "PLURISCOPE_LEASE_SECONDS": "2", VARIABLE: plugins}
    command = sys.executable, "-m", "pluriscope.app.cli", *command
    with subprocess.Popen(command, env={**os.environ, **settings}) as one:
        try:
            yield one
        finally:
            one.kill()


@contextmanager
def served(folder, plugins: str = "") -> Iterator[httpx.Client]:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = "serve", "--port", str(port), "--no-bundled"
    with running(folder, *command, plugins=plugins), httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:

        def answers() -> bool:
            with suppress(httpx.TransportError):
                return client.get("/api/v2/jobs").is_success
            return False

        wait_for(answers)
        yield client


@pytest.mark.slow
def test_a_running_study_waits_for_its_plugin_and_ends_when_it_is_back(tmp_path):
    study = design(
        hidden=[[2]],
        loss_target=[0.3],
        seeds={"first": 0, "count": N_SEEDS},
        measures=["circuits-valid"],
        comparisons=[],
        references=[],
        ladders=[],
    )
    with closing(open_store(Settings(data=tmp_path, database_url=""))) as store:

        def stored() -> tuple[int, str]:
            with store.read() as session:
                row = find_study(session, study.slug)
                (job,) = study_jobs(session, row.digest)
                return row.n_finished, job.state

        with served(tmp_path):  # a server that has run with the plugin knows whose job it is
            pass
        with store.write() as session:
            (job,) = study_jobs(session, study_queue.start(session, study).digest)
        with running(tmp_path, "work"):
            wait_for(lambda: stored()[0] > 0)
        kept, state = stored()
        assert (0 < kept < N_SEEDS, state) == (True, "running")
        with running(tmp_path, "work", plugins="none"), served(tmp_path, "none") as client:
            wait_for(lambda: stored()[1] == "queued")
            about = client.get(f"/api/v2/jobs/{job.id}").json()
            assert (about["state"], about["needs_plugin"]) == ("queued", NEEDED)
            (row,) = client.get("/api/v2/jobs").json()["items"]
            assert (row["state"], row["found"]) == ("queued", f"waits: needs {NEEDED}")
            assert f"waits: needs {NEEDED}" in client.get("/jobs").text
            assert f"Waits: needs {NEEDED}." in client.get(f"/jobs/{job.id}").text
            assert "its worker was lost" in about["log"][-1]["message"]
            assert "0 wait;" in client.get("/admin").text
        assert stored() == (kept, "queued")
        with running(tmp_path, "work"), served(tmp_path) as client:
            wait_for(lambda: stored()[1] == "done")
            about = client.get(f"/api/v2/jobs/{job.id}").json()
            assert (about["needs_plugin"], about["attempts"]) == ("", 2)
        with store.read() as session:
            row = find_study(session, study.slug)
            assert row.n_finished == N_SEEDS
            assert {seed for seeds in finished_seeds(session, row).values() for seed in seeds} == set(range(N_SEEDS))
