"""Rules replayed on a history: what is replayed, losses of all fits, figures, and a recommendation."""
