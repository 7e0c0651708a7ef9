"""What people and workflows do with the pipeline's results."""
