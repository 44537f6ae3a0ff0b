"""Copies of pages as files, to be opened from a disk."""
