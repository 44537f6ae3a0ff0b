"""Description of the machine that figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path


def machine() -> dict[str, str | int]:
    """Describe the machine, with the load at this moment."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [text.split(":", 1)[1].strip() for text in cpuinfo.read_text().splitlines() if "model name" in text]
        model = names[0] if names else model
    return {
        "processor": model,
        "cores": os.cpu_count() or 1,
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "torch": version("torch"),
        "load_average": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
    }


def machine_text(here: dict[str, str | int]) -> str:
    """Write the description in one line, with a warning where others keep the machine busy."""
    text = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in here.items())
    load = str(here["load_average"])
    if load != "unknown" and float(load) > 0.5 * int(here["cores"]):
        text += "; the machine was busy at the start, so every time is an upper bound"
    return text


def seconds_text(seconds: float) -> str:
    """Three digits with a fitting unit; days and years where they are needed."""
    for unit, size in (("years", 365.25 * 86_400), ("days", 86_400.0), ("h", 3_600.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    if seconds >= 1_000:
        return f"{seconds:,.0f} s"
    for unit, factor in (("s", 1), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:#.3g}".rstrip(".") + f" {unit}"
    return f"{seconds * 1e6:.0f} µs"
