"""The store that the browser tests look at: some bundled networks, analysed by the application's own worker.

It is prepared once a run: each process that shares the tests copies what the first made.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select

from plugins.studies.tests.stored_studies import store_study
from pluriscope.analysis.network_files.files import edited_file
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.bundled import ORIGIN, bundled_networks
from pluriscope.app.db.codecs import network_file_of
from pluriscope.app.db.engine import Store, open_store
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.records import save_data_record
from pluriscope.app.db.tables import AnalysisRow, NetworkRow, ProtocolRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.definitions import DEFINITIONS
from pluriscope.app.jobs.queue import cancel, enqueue, enqueue_about, enqueue_analyses
from pluriscope.app.jobs.seeding import add_bundled_models
from pluriscope.app.settings import Settings
from pluriscope_edits.making import edited as edited_by
from tests.app.jobs.executors import work
from tests.made_once import made_once

NETWORKS: Final = {
    "xor-pretrained": (COMPLETE, PAPER),
    "alice-and-bob": (COMPLETE, PAPER),
    "xor-or-imp-3-3": (COMPLETE,),
    "majority-3-3": (COMPLETE, PAPER),
    "xor-planted-disguised": (COMPLETE,),
}
ALL_OF: Final = ("analyse",)
"""The kinds of jobs of which every one is done."""
FURTHER: Final = {
    ("xor-pretrained", "complete"): (
        "directions",
        "criteria",
        "stories",
        "pair",
        "rivals",
        "methods",
        "lenses",
        "changes",
    ),
    ("xor-pretrained", "paper"): ("criteria",),
    ("alice-and-bob", "complete"): ("directions", "criteria", "common-ground", "ladder"),
    ("alice-and-bob", "paper"): ("criteria",),
    ("majority-3-3", "paper"): ("criteria",),
    ("xor-planted-disguised", "complete"): ("planted", "methods"),
    ("majority-5-attention", "complete"): ("methods", "rivals", "lenses"),
    ("induction-attention", "complete"): ("rivals",),
    ("tracr-histogram", "complete"): ("planted", "methods"),
}
"""What is looked at beyond those, on the default data; the rest is called off: it would take longer than all tests."""
TOO_LONG: Final = ("input-robust", "interchange", "interchange-joint", "causal-scrubbing", "input-noise")
"""Criteria that take longest on three inputs: up to a minute each for the first three, where a machine's speed would
decide what is stored; of the last two, which took three quarters of the rest, no page of that network says anything.
"""
RULES_LOOKED_AT: Final = {
    "majority-5-attention": ("complete", "split"),
    "induction-attention": ("complete",),
    "tracr-histogram": ("complete",),
}
"""Rules of transformers under which their circuits are searched; the rest is called off as well."""


def prepare(data: Path, factory: pytest.TempPathFactory) -> None:
    """Put the store into a data folder, made in the shared one first if nobody has done that yet."""
    shutil.copytree(made_once(factory, "browser", _make), data, dirs_exist_ok=True)


def _make(data: Path) -> None:
    store = open_store(Settings(data=data))
    try:
        store.migrate()
        with store.write() as session:
            add_bundled_models(session)
            slugs = {row.digest: row.slug for row in session.scalars(select(NetworkRow))}
            for job in session.scalars(select(JobRow).where(JobRow.kind == "analyse")):
                if job.arguments["protocol"]["name"] not in RULES_LOOKED_AT.get(slugs[job.network_digest], ()):
                    cancel(session, job.id)
            store_study(session)
            for file in bundled_networks():
                if file.slug in NETWORKS:
                    row = save_network(session, file.file, slug=file.slug, origin=ORIGIN, position=file.position)
                    enqueue_analyses(session, row, NETWORKS[file.slug])
                    if file.data is not None:
                        save_data_record(session, file.data)
                        enqueue_analyses(session, row, (PAPER,), data=file.data)
        work(store, ALL_OF)
        _edit(store)
        _call_off_what_nobody_looks_at(store)
        work(store, DEFINITIONS)
    finally:
        store.close()


def _edit(store: Store) -> None:
    """The pretrained network with a little noise on its weights, to be compared with it."""
    with store.write() as session:
        analysis = session.scalars(
            select(AnalysisRow).where(
                AnalysisRow.network.has(slug="xor-pretrained"), AnalysisRow.protocol.has(name="complete")
            )
        ).one()
        file = network_file_of(analysis.network)
        edited = edited_by("noise", ask(file.network), {"size": 0.05})
        row = save_network(session, edited_file(file, edited), slug="xor-noisy", origin="edited")
        enqueue_about(session, analysis, "changes", other=row.digest)


def _call_off_what_nobody_looks_at(store: Store) -> None:
    defaults = [file.data.digest for file in bundled_networks() if file.data is not None]
    with store.write() as session:
        slugs = {row.digest: row.slug for row in session.scalars(select(NetworkRow))}
        names = {row.digest: row.name for row in session.scalars(select(ProtocolRow))}
        for job in session.scalars(select(JobRow).where(JobRow.state == "queued")):
            about = slugs[job.network_digest], names[job.arguments["protocol"]]
            if job.arguments["data"] in defaults or job.kind not in FURTHER.get(about, ()):
                cancel(session, job.id)
            elif job.kind == "criteria" and about[0] == "majority-3-3":
                quick = [key for key in job.arguments["criteria"] if key not in TOO_LONG]
                enqueue(session, job.kind, {**job.arguments, "criteria": quick}, job.title)
                cancel(session, job.id)
