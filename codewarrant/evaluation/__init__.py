"""Evaluation: charts with a coder's codes in, measured performance out."""
