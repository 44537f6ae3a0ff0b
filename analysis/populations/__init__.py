"""Many networks of one shape at once: batched training and batched analysis of populations."""
