"""Routes: read the request, call a builder, decide the status."""
