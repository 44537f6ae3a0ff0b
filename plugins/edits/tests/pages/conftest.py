"""Pages are asked for as the application's tests ask for them."""

from tests.app.pages.conftest import app, client, get, masks  # noqa: F401
