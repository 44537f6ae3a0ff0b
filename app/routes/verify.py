"""Re-verify now: what an address names computed anew from the weights, beside what is stored."""

from __future__ import annotations

from fastapi import APIRouter

from app.pages.sharing.verifying import build_verified
from app.routes.page import Page, add_page

router = APIRouter()
add_page(
    router,
    Page(
        "/verified",
        build_verified,
        "verify",
        "verify",
        "Re-verify a network, an explanation or a comparison",
        """
        The digests of network, protocol and data hashed again, and every figure of each explanation computed from the
        weights, beside the stored one.
        """,
        errors=(400, 404, 422, 503),
        within="re-verification",
    ),
)
