"""driftloop.lock: the code and the packages that each stage's results depend on, so that DVC sees when they change."""
