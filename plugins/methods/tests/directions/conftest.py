from tests.app.conftest import store  # noqa: F401
