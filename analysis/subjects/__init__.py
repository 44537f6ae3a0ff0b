"""Networks of every kind with their tasks: what can be run, cut, patched, drawn and edited, known by a digest."""
