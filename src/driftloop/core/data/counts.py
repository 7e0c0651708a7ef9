"""What the daily profile counts; `profile` says how, by Ibis, which is slow to import."""

ROWS = ""  # the profile's own "column" for what concerns whole rows
COUNTS = ("rows", "null", "invalid", "infinite", "far", "unknown", "repeat", "zero", "fresh")
