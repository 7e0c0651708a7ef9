"""How the model is, from all evidence, and what to do."""
