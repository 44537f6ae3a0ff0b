"""What pages consist of: blocks, each with its template."""
