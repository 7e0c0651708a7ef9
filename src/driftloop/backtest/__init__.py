"""The loop replayed on the team's own history: runs, fits, the table and the picture."""
