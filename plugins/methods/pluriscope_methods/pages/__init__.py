"""What analyses from here show."""
