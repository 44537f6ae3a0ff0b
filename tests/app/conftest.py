from contextlib import closing

import pytest

from app.db.engine import store_at
from app.pages.verdicts import on_the_spot
from tests.conftest import ON_EVERY_DATABASE
from tests.factories import temporary_store


@pytest.fixture(scope="session", autouse=True)
def _a_page_takes_its_time():
    """A page judges all that it judges on the spot, however busy the machine is."""
    on_the_spot.SECONDS = 600.0


@pytest.fixture(params=ON_EVERY_DATABASE)
def store(request, tmp_path):
    """An empty store at the current schema, on either database."""
    if request.param == "sqlite":
        with closing(temporary_store(tmp_path)) as opened:
            yield opened
    else:
        with request.getfixturevalue("postgresql").lent() as url, closing(store_at(url)) as opened:
            yield opened
