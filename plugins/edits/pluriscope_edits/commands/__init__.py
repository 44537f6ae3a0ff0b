"""The commands `pluriscope edit`, `plant` and `checkpoints`."""
