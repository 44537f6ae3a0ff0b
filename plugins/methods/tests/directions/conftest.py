from tests.app.conftest import store  # noqa: F401
from tests.app.reports.conftest import client as analysed  # noqa: F401
from tests.app.reports.conftest import get  # noqa: F401
