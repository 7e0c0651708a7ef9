"""What the dashboard shows beside the decision, gathered where the data is, so that the page needs no rows."""
