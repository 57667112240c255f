"""The loaders of official formats. Each module gives its own; here stands the list."""
