"""What an address names, and how addresses are written and read."""
