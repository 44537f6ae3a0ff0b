"""Pages: one model and one builder for each."""
