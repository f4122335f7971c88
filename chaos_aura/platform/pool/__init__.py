"""Who holds which GPU: one durable workflow is the only one that can say so."""
