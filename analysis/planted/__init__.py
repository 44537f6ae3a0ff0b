"""What was planted in a network: its record, its circuit, and an answer beside it."""
