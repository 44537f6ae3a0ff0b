"""``python -m pluriscope`` is the command ``pluriscope``."""

from pluriscope.app.cli import main

main()
