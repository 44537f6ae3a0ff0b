"""Networks: what they are, running them, their files, and training them."""
