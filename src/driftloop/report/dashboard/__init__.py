"""The dashboard: one page that says how the model is and why, and the same for machines."""
