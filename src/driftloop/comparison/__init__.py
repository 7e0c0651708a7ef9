"""What a pull request changes in metrics and parameters, and the comment that says so."""
