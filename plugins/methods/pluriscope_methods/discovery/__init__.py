"""Published methods of circuit discovery, beside those of the core."""
