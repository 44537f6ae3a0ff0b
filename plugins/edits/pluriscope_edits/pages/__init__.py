"""The pages of edits and of training."""
