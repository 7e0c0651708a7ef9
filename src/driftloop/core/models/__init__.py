"""How a model is fitted, encoded, written to a file, and described by its card."""
