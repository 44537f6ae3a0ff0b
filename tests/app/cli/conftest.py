"""Fixtures of commands on a store."""

import json
from pathlib import Path

import pytest

from pluriscope.analysis.network_files.files import network_file_json
from tests.golden_files import golden_network


@pytest.fixture
def data_folder(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("PLURISCOPE_DATA", str(folder))
    monkeypatch.delenv("PLURISCOPE_DATABASE_URL", raising=False)
    return folder


@pytest.fixture
def xor(tmp_path: Path) -> Path:
    path = tmp_path / "xor.json"
    path.write_text(json.dumps(network_file_json(golden_network("xor_3-3_c"))))
    return path
