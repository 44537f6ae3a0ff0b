"""Whether the device of trainings is there; by itself, because only this look needs torch."""

from __future__ import annotations

from collections.abc import Iterator

from app.doctor.finding import Finding, ok, problem
from app.settings import Settings


def of_device(settings: Settings) -> Iterator[Finding]:
    """Whether the device that trainings are to use is there; torch is loaded only to answer that."""
    if settings.device == "cpu":
        return
    import torch

    try:
        torch.zeros(1, device=settings.device)
        yield ok("settings.device", f"device {settings.device} is there")
    except (RuntimeError, AssertionError) as error:
        yield problem(
            "settings.device",
            f"device {settings.device} cannot be used ({str(error).splitlines()[0][:120]})",
            "set PLURISCOPE_DEVICE=cpu, or install the driver and a build of torch for it",
        )
