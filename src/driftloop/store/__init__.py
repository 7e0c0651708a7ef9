"""Files of the pipeline: read with one clear error, written whole; production, fits and training windows on disk."""
