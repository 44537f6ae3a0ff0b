import pytest

from app.db.engine import Store, store_at
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
        opened: Store = temporary_store(tmp_path)
    else:
        opened = store_at(request.getfixturevalue("postgresql").database())
    yield opened
    opened.close()
