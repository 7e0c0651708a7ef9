"""What the data is: types, profile, histogram, sample, and the rules about its quality."""
