"""The outside world: GitHub through PyGithub, git, and the environment that Actions gives."""
