"""Experiments on GitHub: other parameters, tried on the same data, in one table; the best one as a pull request."""
