"""Lints: what the language allows and is probably not meant. One function for each, by topic."""
