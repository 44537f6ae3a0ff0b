"""Processes that compute: where they run, how much memory they take, what they keep."""
