"""Commands are given what the application's tests give them."""

from tests.app.cli.conftest import data_folder, xor  # noqa: F401
