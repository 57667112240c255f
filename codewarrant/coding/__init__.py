"""The coding decision: the pure function from a bundle, a request and a snapshot to a decision."""
