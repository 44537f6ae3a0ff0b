"""Lessons, a module each."""
