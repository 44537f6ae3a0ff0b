"""What is left of all explanations after one criterion, then after the next, in an order that the reader chooses."""

from app.pages.funnel.model import FunnelPage, KindFunnel
from app.pages.funnel.options import FunnelOptions, FunnelPageOptions
from app.pages.funnel.page import build_funnel, summary_of

__all__ = ["FunnelOptions", "FunnelPage", "FunnelPageOptions", "KindFunnel", "build_funnel", "summary_of"]
