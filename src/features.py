"""Features of your own: see docs/data.md."""
