"""The background work of studies: what is wanted, what a job does, how chunks are computed."""
