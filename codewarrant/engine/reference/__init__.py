"""The reference evaluator: naive, and sharing nothing with the engine but the data."""

from codewarrant.engine.reference.evaluator import evaluate

__all__ = ["evaluate"]
