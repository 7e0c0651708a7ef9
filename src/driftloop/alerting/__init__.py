"""One issue per model: decided, acted on, remembered, and put into words."""
