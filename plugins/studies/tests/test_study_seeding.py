"""Studies that come with Pluriscope are taken in once, without their networks."""

from contextlib import closing

import pytest
from sqlalchemy import func, select

from plugins.studies.tests.stored_studies import store_study
from plugins.studies.tests.study_factories import design
from pluriscope.app.db.engine import open_store
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.settings import Settings
from pluriscope_studies import seeding as study_seeding
from pluriscope_studies.reads import find_study, studies_left
from pluriscope_studies.seeding import add_bundled_studies
from pluriscope_studies.tables import StudyRow

TAKEN = "digits-tail"


@pytest.mark.slow
def test_bundled_studies_are_taken_in_once_and_one_of_that_name_stays(tmp_path):
    settings = Settings(data=tmp_path, database_url="")
    with closing(open_store(settings)) as store:
        store.migrate()
        with store.write() as session:
            store_study(session, design(slug=TAKEN), origin="somebody")
        assert add_bundled_studies(settings) > 0
        assert add_bundled_studies(settings) == 0
        with store.read() as session:
            rows = {row.slug: row for row in session.scalars(select(StudyRow))}
            assert rows.pop(TAKEN).origin == "somebody"
            for row in rows.values():
                assert (row.origin, row.n_finished, row.summed_up) == ("bundled", row.n_networks, row.n_networks)
                assert row.summary["networks"] == row.n_networks
            assert studies_left(session) == []
            assert session.scalar(select(func.count()).select_from(NetworkRow)) == 0


@pytest.mark.slow
def test_a_file_that_changed_is_taken_in_again_and_nothing_is_there_twice(tmp_path, monkeypatch):
    settings = Settings(data=tmp_path, database_url="")
    with closing(open_store(settings)) as store:
        store.migrate()
        add_bundled_studies(settings)
        monkeypatch.setattr(study_seeding, "_MARK", "another")
        assert add_bundled_studies(settings) > 0
        with store.read() as session:
            row = find_study(session, TAKEN)
            assert (row.n_finished, row.summed_up) == (row.n_networks, row.n_networks)
