"""Store with the pretrained XOR, and copies of it that tests read but do not change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import input_table, named_task
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.engine import open_store
from pluriscope.app.db.records import save_data_record
from pluriscope.app.db.writes import save_network
from pluriscope.app.settings import Settings
from pluriscope_learn.copies.copy import Wish, write_copy
from tests.factories import pretrained_xor, real_analysis, save_analysis, small_network
from tests.made_once import made_once

SLUG = "xor"
SHALLOW = COMPLETE.model_copy(update={"name": "shallow", "max_depth": 2})
LIVE = "https://example.org/pluriscope"
WISH = Wish((SLUG,), limit=1)
TWO = "two"
NOISY = DataRecord(
    input_table(2),
    validation_inputs=np.repeat(input_table(2), 3, axis=0) + np.tile([[0.0], [0.02], [-0.02]], (4, 1)),
    validation_labels=np.repeat([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], 3, axis=0),
    description="every input thrice, slightly off",
)
WISH_OF_TWO = Wish((TWO,), limit=1)


@pytest.fixture(scope="session")
def settings(tmp_path_factory) -> Settings:
    return Settings(data=made_once(tmp_path_factory, "offline-store", _fill), database_url="")


def two_outputs() -> NetworkFile:
    """2-2-2, which computes XOR and AND exactly."""
    network = Network.from_arrays(
        [[[1, 1], [1, 1]], [[1, -2], [0, 1]]], [[0, -1], [0, 0]], activation="relu", output_activation="linear"
    )
    return NetworkFile("Two outputs", network, (named_task("XOR", 2), named_task("AND", 2)))


def _fill(data: Path) -> None:
    store = open_store(Settings(data=data, database_url=""))
    store.migrate()
    two = two_outputs()
    with store.write() as session:
        save_network(session, pretrained_xor(), slug=SLUG, origin="bundled", position=0)
        save_analysis(session, real_analysis(COMPLETE))
        save_network(session, small_network(7, name="bare"), slug="bare")
        save_network(session, two, slug=TWO)
        for output, task in enumerate(two.tasks):
            save_analysis(session, analyse_output(ask(two.network, output=output, task=task)))
        save_data_record(session, NOISY)
        save_analysis(session, analyse_output(ask(two.network, task=two.tasks[0], protocol=SHALLOW, data=NOISY)))
    store.close()


@pytest.fixture(scope="session")
def copy(settings, tmp_path_factory) -> Path:
    """A copy that is complete in itself."""
    return made_once(tmp_path_factory, "offline-copy", lambda folder: _write(settings, WISH, folder))


@pytest.fixture(scope="session")
def copy_of_two(settings, tmp_path_factory) -> Path:
    """A copy of a network with two outputs."""
    return made_once(tmp_path_factory, "offline-two", lambda folder: _write(settings, WISH_OF_TWO, folder))


def _write(settings: Settings, wish: Wish, folder: Path) -> None:
    write_copy(settings, wish, folder)
