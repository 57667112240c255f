"""A second engine: the same program and facts on durable-rules, and the firings compared."""
