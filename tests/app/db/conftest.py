import pytest

from app.db.engine import Store
from tests.factories import temporary_store


@pytest.fixture
def store(tmp_path):
    opened: Store = temporary_store(tmp_path)
    yield opened
    opened.close()
