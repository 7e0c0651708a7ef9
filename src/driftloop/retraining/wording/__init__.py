"""The pull request, and the answers on an alert, in words."""
