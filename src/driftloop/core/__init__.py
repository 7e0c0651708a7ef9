"""Pure functions: no files, environment, clock or network."""
