"""Background work: the queue, leases, the worker, and what each kind of job does."""
