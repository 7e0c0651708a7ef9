"""What a file of rows looks like: which column is the time, the target, an input, an identifier, a leak, and why."""
