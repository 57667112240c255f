"""Note text to mentions in context and findings, each with the passage that says it."""
