"""Keeps a tabular model healthy in production from inside a Git repository."""
