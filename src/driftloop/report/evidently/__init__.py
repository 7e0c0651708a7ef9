"""Evidently's page: what goes into it, our thresholds in it, and how it is rendered."""
