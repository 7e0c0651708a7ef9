"""A stateful stand-in for GitHub over HTTP: real requests, real merges, GitHub's own description as the judge."""

from driftloop.githubstub.faults import BAD_GATEWAY, ERROR, HANG, LOST, RESET, UNAVAILABLE, Fault, secondary_limit
from driftloop.githubstub.pushes import observe_pushes
from driftloop.githubstub.records import Actor, Event, Issue, Repository, Token
from driftloop.githubstub.server import GitHubServer
from driftloop.githubstub.state import World

__all__ = [
    "BAD_GATEWAY",
    "ERROR",
    "HANG",
    "LOST",
    "RESET",
    "UNAVAILABLE",
    "Actor",
    "Event",
    "Fault",
    "GitHubServer",
    "Issue",
    "Repository",
    "Token",
    "World",
    "observe_pushes",
    "secondary_limit",
]
