"""One model and one builder for each page."""
