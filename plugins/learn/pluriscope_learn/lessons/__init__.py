"""One lesson each."""
