"""Test of how many kinds of pages there are: addresses that answer with a page, of which a reader learns each."""

from __future__ import annotations

from fastapi.responses import HTMLResponse

from pluriscope.app.main import ROUTERS

MOST_KINDS = 41


def kinds() -> list[str]:
    """The shapes of the addresses at which a browser gets a page; pages in frames of other sites are one kind."""
    shapes = (
        route.path
        for router in ROUTERS
        for route in router.routes
        if "GET" in route.methods and getattr(route, "response_class", None) is HTMLResponse
    )
    return sorted({"/embed/{…}" if shape.startswith("/embed/") else shape for shape in shapes})


def test_there_are_few_kinds_of_pages() -> None:
    found = kinds()
    assert len(found) <= MOST_KINDS, "let another page take one in:\n" + "\n".join(found)
    assert len(found) > 20, "pages are not found by their response class any more"
