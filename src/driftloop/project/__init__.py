"""A project: the repository that a team owns, with driftloop as a package that it depends on."""
