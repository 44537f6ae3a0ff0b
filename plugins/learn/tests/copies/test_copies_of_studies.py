"""An offline copy of a study."""

import pytest

from plugins.learn.tests.copies.test_copy import broken_links, links_of
from plugins.studies.tests.stored_studies import store_study
from pluriscope.app.db.engine import open_store
from pluriscope.app.offline.site import CannotExport
from pluriscope.app.settings import Settings
from pluriscope_learn.copies.copy import Wish, write_copy


def test_a_study_is_copied_with_its_figures_networks_and_data(tmp_path):
    settings = Settings(data=tmp_path / "data", database_url="")
    store = open_store(settings)
    store.migrate()
    with store.write() as session:
        store_study(session)
    store.close()
    folder = tmp_path / "copy"
    write_copy(settings, Wish((), studies=("xor-width",)), folder)
    assert 'href="studies/xor-width.html"' in (folder / "index.html").read_text()
    assert (folder / "studies/xor-width/figures/circuits-valid.svg").exists()
    assert (folder / "api/v2/studies/xor-width/data.csv").read_text().count("\n") == 15
    assert broken_links(folder, links_of(folder)) == []


def test_a_study_that_is_not_stored_is_refused(tmp_path):
    settings = Settings(data=tmp_path / "data", database_url="")
    store = open_store(settings)
    store.migrate()
    store.close()
    with pytest.raises(CannotExport, match="nowhere"):
        write_copy(settings, Wish((), studies=("nowhere",)), tmp_path / "none")
