"""Which columns are unusual by their own history? Deviations, their calibration, and the alarms found from day to day."""
