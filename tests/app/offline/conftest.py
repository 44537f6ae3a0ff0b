"""One store with the pretrained XOR, and copies of it that tests read but do not change."""

from __future__ import annotations

import pytest

from analysis.data import clean_data
from analysis.pipeline import analyse_output
from analysis.protocol import COMPLETE
from app.bundled import bundled_networks
from app.db.engine import open_store
from app.db.records import save_data_record
from app.db.writes import save_analysis, save_network
from app.offline.planning import Wish
from app.offline.site import write_site
from app.settings import Settings
from tests.factories import pretrained_xor, real_analysis, small_network

SLUG = "xor"
SHALLOW = COMPLETE.model_copy(update={"name": "shallow", "max_depth": 2})
LIVE = "https://example.org/pluriscope"
WISH = Wish((SLUG,), limit=2, interpretations=2)


@pytest.fixture(scope="session")
def settings(tmp_path_factory) -> Settings:
    found = Settings(data=tmp_path_factory.mktemp("offline"), database_url="")
    store = open_store(found)
    store.migrate()
    with store.write() as session:
        save_network(session, pretrained_xor(), slug=SLUG, origin="bundled", position=0)
        save_analysis(session, real_analysis(COMPLETE))
        save_network(session, small_network(7, name="bare"), slug="bare")
        two = small_network(3, (2, 2, 2), name="two")
        save_network(session, two, slug="two")
        for output, task in enumerate(two.tasks):
            save_analysis(session, analyse_output(two.network, output, task, COMPLETE, clean_data(2)))
        xor, noisy = pretrained_xor(), next(f.data for f in bundled_networks() if f.slug == "xor-pretrained")
        assert noisy is not None
        save_data_record(session, noisy)
        save_analysis(session, analyse_output(xor.network, 0, xor.tasks[0], SHALLOW, noisy))
    store.close()
    return found


@pytest.fixture(scope="session")
def copy(settings, tmp_path_factory):
    """A copy that is complete in itself."""
    folder = tmp_path_factory.mktemp("copies") / "copy"
    write_site(settings, WISH, folder)
    return folder
