"""``pluriscope study``."""
