"""From the label to the pull request: the request, the run, the hand-over, its checks, the proposal."""
