"""The live view in a notebook: the pages of the application, which is reached by name, without a server."""

from __future__ import annotations

import sys
from typing import Any, Final
from uuid import uuid4

from markupsafe import Markup

from pluriscope.analysis.errors import MissingLibrary, needing
from pluriscope.analysis.values.late_functions import function_at

_WHY: Final = "This is a picture, as it is without a kernel: run the cell for the live view."


def live_view(result: Any, address: str, picture: str = "") -> Any:
    """A widget that shows the page of an address about a result, and all that it leads to.

    Args:
        picture: id of an element that shows the same as a picture.

    Raises:
        MissingLibrary: anywidget is not installed.
    """
    with needing("anywidget", "the live view", "pluriscope[notebook]"):
        import anywidget  # noqa: F401
    return function_at("pluriscope.app.offline.notebook:LiveView")(result, address, picture)


def show_live(result: Any) -> None:
    """Show a picture of a result, then its live view, which takes the picture's place once the kernel answers.

    Raises:
        NotImplementedError: without a kernel or anywidget; IPython then shows the picture alone.
    """
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    picture = f"pluriscope-{uuid4().hex}"
    if not hasattr(shell, "kernel"):
        raise NotImplementedError
    try:
        view = live_view(result, result.address, picture)
    except MissingLibrary as problem:
        raise NotImplementedError from problem
    html = Markup('<div id="{}">{}<p><small>{}</small></p></div>').format(picture, result, _WHY)
    display = function_at("IPython.display:display")
    display({"text/plain": repr(result), "text/html": html}, raw=True)
    display(view)
