"""`python -m pluriscope.app.cli`: the same command where no script is installed."""

from pluriscope.app.cli import main

main()
