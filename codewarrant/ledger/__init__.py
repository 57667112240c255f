"""The append-only record of decisions: store, replay, explanation."""
