"""Fixtures of these pages and of those of the networks that they lead to."""

from tests.app.pages.conftest import app, client, get  # noqa: F401
