from tests.app.routes.conftest import application, client, one_application, store  # noqa: F401
