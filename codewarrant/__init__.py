"""Codewarrant: rules-based medical coding in which every billing code carries its warrant."""

__version__ = "0.1.0"
