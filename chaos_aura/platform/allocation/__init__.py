"""One request from its arrival to the return of its GPUs, as a durable workflow."""
