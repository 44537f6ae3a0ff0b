"""The live view of a result in a notebook: pages of the application, answered in the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from anywidget import AnyWidget
from traitlets import Unicode

from pluriscope.app.offline.site import Site
from pluriscope.library.result import Result
from pluriscope.resources import STATIC


class LiveView(AnyWidget):  # type: ignore[misc, unused-ignore]  # as anywidget is installed or not
    """A page about a result and all that it leads to, as a server shows them.

    Args:
        result: what is shown.
        address: of the page that comes first.
        picture: id of an element that shows the same without a kernel; it goes once the kernel has answered.
    """

    _esm = (STATIC / "widget.js").read_text()
    address = Unicode().tag(sync=True)
    picture = Unicode().tag(sync=True)
    site = Unicode().tag(sync=True)

    def __init__(self, result: Result, address: str, picture: str) -> None:
        site = result.site.url if result.site else ""
        super().__init__(address=address.removeprefix(site), picture=picture, site=site)
        self._result = result
        self.on_msg(self._hear)

    def __repr__(self) -> str:
        return f"<Live view of {self.address}: run the cell to see it>"

    @cached_property
    def _application(self) -> Site:
        from pluriscope.app.offline.kernel import site_of  # which loads the application

        return site_of(self._result)

    def _hear(self, _widget: Any, request: Mapping[str, Any], _buffers: Any) -> None:
        """Answer a request of the view; errors are shown there, since a kernel's log is seldom read."""
        from pluriscope.app.offline.kernel import answer

        try:
            head, body = answer(self._application, request["url"], request["headers"])
        except Exception as problem:
            head, body = {"error": str(problem)}, b""
        self.send({"id": request["id"], **head}, [body])
