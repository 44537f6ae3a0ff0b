"""The commands `pluriscope bench` and `pluriscope suite`."""
