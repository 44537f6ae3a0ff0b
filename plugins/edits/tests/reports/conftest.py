"""Reports are asked for as the application's tests ask for them."""

from tests.app.reports.conftest import client, get  # noqa: F401
