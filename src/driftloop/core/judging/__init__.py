"""Is a model better? Losses, scored rows, weekly refits, and the gate."""
