"""The rule language: text of rulepacks to the engine's program, with errors that help."""
